import { setTimeout as delay } from "node:timers/promises";
import { type HistoryPage, type Message, type ParleyClient, ParleyError } from "@parley/client";
import { idAtTime, idBeforeTime, isId, ORIGIN, parseTime } from "@parley/models";
import { createClient, type ServerOptions } from "../server/connect-client.ts";
import { usageError } from "../terminal/failure.ts";
import { formatMessage, formatMessageJson } from "../terminal/format-message.ts";
import type { Io } from "../terminal/io.ts";
import { parseRecipient } from "./send.ts";

export interface HistoryOptions extends ServerOptions {
  readonly json: boolean;
  readonly limit: number | undefined;
  readonly before: string | undefined;
  /** Times in RFC 3339. */
  readonly since: string | undefined;
  readonly until: string | undefined;
}

/** A part of a conversation. Both ids are exclusive. */
interface Part {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** The largest page that a server returns (P51). */
const PAGE_SIZE = 1_000;
/** The wait before a retry if the server doesn't ask for a specific wait, in ms. */
const RETRY_MS = 500;

type ReadPage = (options: { before?: string; after?: string; limit: number }) => Promise<HistoryPage>;

/** Prints a conversation, oldest message first, with one page in memory at a time. */
export async function history(between: string, options: HistoryOptions, io: Io): Promise<void> {
  const partner = parseRecipient(between);
  const part = partOf(options);
  const client = await createClient(options, io);
  const readPage: ReadPage = (query) =>
    withRetries(options.timeoutMs, io.ended, () => readPageFrom(client, partner, query, io.ended));
  try {
    for await (const messages of options.limit === undefined
      ? readAll(readPage, part)
      : readNewest(readPage, options.limit, part)) {
      for (const message of messages) {
        if (io.ended.aborted) throw io.ended.reason;
        io.print(options.json ? formatMessageJson(message) : formatMessage(message));
      }
      // Yields to the event loop, so that a signal or a closed pipe is noticed between two pages.
      await delay(0);
    }
  } finally {
    client.close();
  }
}

/** Returns the bounds as ids: a time is a position (P64). So they hold for servers of every version. */
function partOf({ before, since, until }: HistoryOptions): Part {
  if (before !== undefined && !isId(before)) throw usageError("--before must be the id of a message");
  const after = since === undefined ? undefined : idBeforeTime(msOf("--since", since));
  const end = until === undefined ? undefined : idAtTime(msOf("--until", until));
  return { after, before: before !== undefined && (end === undefined || before < end) ? before : end };
}

function msOf(option: string, text: string): number {
  const ms = parseTime(text);
  if (ms === undefined) throw usageError(`${option} must be a time such as 2025-07-16T14:00:00Z`);
  return ms;
}

/** Yields the pages of a part of a conversation, oldest first. */
export async function* readAll(
  readPage: ReadPage,
  { before, after: start = ORIGIN }: Part = {},
): AsyncGenerator<readonly Message[]> {
  for (let after = start, more = true; more; ) {
    const answer = await readPage({ after, limit: PAGE_SIZE });
    const messages = before === undefined ? answer.messages : answer.messages.filter(({ id }) => id < before);
    yield messages;
    after = messages.at(-1)?.id ?? after;
    more = answer.more && messages.length === answer.messages.length && messages.length > 0;
  }
}

/**
 * Yields the newest `limit` messages of a part, oldest first. If they take several pages, first reads backwards to find the
 * bounds of each page, and then reads the pages again from the oldest on. This takes about twice the requests, but
 * only one page and the list of bounds are in memory.
 */
export async function* readNewest(
  readPage: ReadPage,
  limit: number,
  { before, after = ORIGIN }: Part = {},
): AsyncGenerator<readonly Message[]> {
  const readBefore = async (end: string | undefined, count: number): Promise<HistoryPage> => {
    const page = await readPage({ ...(end !== undefined && { before: end }), limit: count });
    const messages = page.messages.filter(({ id }) => id > after);
    return { messages, more: page.more && messages.length === page.messages.length };
  };
  const pages: { end: string | undefined; count: number }[] = [];
  let end = before;
  let oldest: HistoryPage | undefined;
  for (let left = limit; left > 0; ) {
    const count = Math.min(left, PAGE_SIZE);
    oldest = await readBefore(end, count);
    pages.push({ end, count });
    left -= oldest.messages.length;
    end = oldest.messages[0]?.id;
    if (!oldest.more || end === undefined) break;
  }
  // The oldest page was read last and is still in memory.
  if (oldest) yield oldest.messages;
  for (const { end, count } of pages.slice(0, -1).reverse()) yield (await readBefore(end, count)).messages;
}

/** Reads a page. Retries for up to `timeoutMs` after temporary errors. */
export async function withRetries<T>(
  timeoutMs: number,
  ended: AbortSignal,
  read: () => Promise<T>,
): Promise<T> {
  for (const deadline = performance.now() + timeoutMs; ; ) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ParleyError) || !error.temporary || ended.aborted) throw error;
      const waitMs = error.retryAfterMs ?? RETRY_MS;
      if (performance.now() + waitMs > deadline) throw error;
      await delay(waitMs, undefined, { signal: ended });
    }
  }
}

/** Reads a page. If an error has closed the client, rejects with that error, which is in the client's state. */
async function readPageFrom(
  client: ParleyClient,
  partner: string,
  query: Parameters<ReadPage>[0],
  signal: AbortSignal,
): Promise<HistoryPage> {
  try {
    return await client.history(partner, { ...query, signal });
  } catch (error) {
    const { current: state } = client.state;
    throw (state.phase === "closed" && state.error) || error;
  }
}
