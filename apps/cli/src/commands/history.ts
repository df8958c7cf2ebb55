import { setTimeout as delay } from "node:timers/promises";
import { type HistoryPage, type Message, type ParleyClient, ParleyError } from "@parley/client";
import { isId, ORIGIN } from "@parley/models";
import { type ServerOptions, startChat } from "../server/connect-client.ts";
import { usage } from "../terminal/failure.ts";
import { messageJson, messageLine } from "../terminal/format-message.ts";
import type { Io } from "../terminal/io.ts";
import { recipientOf } from "./send.ts";

export interface HistoryOptions extends ServerOptions {
  readonly json: boolean;
  readonly limit: number | undefined;
  readonly before: string | undefined;
}

/** The largest page that a server gives (P51). */
const PAGE = 1_000;
const RETRY_MS = 500;

type Page = (options: { before?: string; after?: string; limit: number }) => Promise<HistoryPage>;

/** Prints a conversation, oldest first, holding a page of it at a time. */
export async function history(between: string, options: HistoryOptions, io: Io): Promise<void> {
  const name = recipientOf(between);
  if (options.before !== undefined && !isId(options.before))
    throw usage("--before takes the id of a message");
  const client = await startChat(options, io);
  const page: Page = (query) =>
    patiently(options.timeoutMs, io.ended, () => pageOf(client, name, query, io.ended));
  try {
    for await (const messages of options.limit === undefined
      ? fromTheBeginning(page, options.before)
      : theNewest(page, options.limit, options.before)) {
      for (const message of messages) {
        if (io.ended.aborted) throw io.ended.reason;
        io.print(options.json ? messageJson(message) : messageLine(message));
      }
      // A turn of the event loop, so that a signal or a closed pipe is heard between two pages.
      await delay(0);
    }
  } finally {
    client.close();
  }
}

/** Everything, up to a message where one is named. */
export async function* fromTheBeginning(page: Page, before?: string): AsyncGenerator<readonly Message[]> {
  for (let after = ORIGIN, more = true; more; ) {
    const answer = await page({ after, limit: PAGE });
    const messages = before === undefined ? answer.messages : answer.messages.filter(({ id }) => id < before);
    yield messages;
    after = messages.at(-1)?.id ?? after;
    more = answer.more && messages.length === answer.messages.length && messages.length > 0;
  }
}

/**
 * The newest `limit`, oldest first. Where that is more than a page, the pages are walked back once for where each
 * begins, and then read from the oldest on: twice the requests, and no more memory than a page and the list of places.
 */
export async function* theNewest(
  page: Page,
  limit: number,
  before?: string,
): AsyncGenerator<readonly Message[]> {
  const asked = (end: string | undefined, count: number) =>
    page({ ...(end !== undefined && { before: end }), limit: count });
  const pages: { end: string | undefined; count: number }[] = [];
  let end = before;
  let first: HistoryPage | undefined;
  for (let left = limit; left > 0; ) {
    const count = Math.min(left, PAGE);
    first = await asked(end, count);
    pages.push({ end, count });
    left -= first.messages.length;
    end = first.messages[0]?.id;
    if (!first.more || end === undefined) break;
  }
  // The oldest page was read last, so it is at hand.
  if (first) yield first.messages;
  for (const { end, count } of pages.slice(0, -1).reverse()) yield (await asked(end, count)).messages;
}

/** The page, also where the server cannot answer for a while. */
async function patiently<T>(timeoutMs: number, ended: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; ; ) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ParleyError) || !error.temporary || ended.aborted) throw error;
      const wait = error.retryAfterMs ?? RETRY_MS;
      if (Date.now() + wait > deadline) throw error;
      await delay(wait, undefined, { signal: ended });
    }
  }
}

/** A client that the server has closed for good says only `closed`: its state knows why. */
async function pageOf(
  client: ParleyClient,
  between: string,
  query: Parameters<Page>[0],
  signal: AbortSignal,
): Promise<HistoryPage> {
  try {
    return await client.history(between, { ...query, signal });
  } catch (error) {
    const { current: state } = client.state;
    throw (state.phase === "closed" && state.error) || error;
  }
}
