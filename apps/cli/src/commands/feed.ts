import { setTimeout as delay } from "node:timers/promises";
import { idBeforeTime, isId, MAX_WAIT_SECONDS, ORIGIN, parseTime } from "@parley/models";
import { resolveAddresses } from "../server/addresses.ts";
import type { ServerOptions } from "../server/connect-client.ts";
import { openTokenSource } from "../server/identity.ts";
import { RequestRefused, requestJson } from "../server/request-json.ts";
import { escapeJson } from "../terminal/escape.ts";
import { EXIT, Failure, usageError } from "../terminal/failure.ts";
import type { Io } from "../terminal/io.ts";

export interface FeedOptions extends ServerOptions {
  /** Continues after the end, and prints entries as they come. */
  readonly follow: boolean;
  /** A cursor or an id. */
  readonly after: string | undefined;
  /** Times in RFC 3339. */
  readonly since: string | undefined;
  readonly until: string | undefined;
}

interface Page {
  readonly entries: readonly { readonly id: string }[];
  readonly cursor: string;
  readonly more: boolean;
}

const PAGE_SIZE = 500;
/** The time that the server may take besides the wait for entries, in ms. */
const ANSWER_MS = 15_000;
/** The wait before a request is repeated. It doubles with each failure, in ms. */
const RETRY = { minMs: 500, maxMs: 10_000 };

/** Prints every message and every change of all conversations in log order (P63), each as one line of JSON. */
export async function feed(options: FeedOptions, io: Io): Promise<void> {
  try {
    await printEntries(options, io);
  } catch (error) {
    // Ctrl-C is the only end of a follower.
    if (!options.follow || !io.ended.aborted) throw error;
  }
}

async function printEntries(options: FeedOptions, io: Io): Promise<void> {
  let last = options.after ?? "";
  for await (const entries of readPages(options, io)) {
    // After a lost log the feed starts again (L3). Ids sort as the log does, so an earlier entry was printed.
    for (const entry of entries.filter(({ id }) => id > last)) {
      io.ended.throwIfAborted();
      io.print(escapeJson(entry));
      last = entry.id;
    }
    // Yields to the event loop, so that a signal or a closed pipe is noticed between two pages.
    await delay(0);
  }
}

/** Yields the pages up to the end of the range or, for a follower without an end, for ever. */
async function* readPages(options: FeedOptions, io: Io): AsyncGenerator<Page["entries"]> {
  const { base, history } = resolveAddresses(options.url, options.historyUrl);
  const range = rangeOf(options);
  const token = await openTokenSource(options, base, io.ended);
  // A follower that was answered once survives any absence of the server.
  let [wait, giveUpMs] = [0, options.timeoutMs];
  for (let [cursor, more] = [options.after ?? ORIGIN, true]; more; ) {
    const query = new URLSearchParams({ ...range, after: cursor, limit: `${PAGE_SIZE}`, wait: `${wait}` });
    const page = await withRetries(giveUpMs, io, async () => {
      const request = { token: await token(), signal: io.ended, timeoutMs: wait * 1_000 + ANSWER_MS };
      return pageIn(await requestJson(`${history}/feed?${query}`, request));
    });
    yield page.entries;
    ({ cursor } = page);
    if (options.follow) [wait, giveUpMs] = [MAX_WAIT_SECONDS, Number.POSITIVE_INFINITY];
    more = page.more || (options.follow && !isOver(cursor, options));
  }
}

/** Throws a Failure if the answer isn't a page of the feed. */
function pageIn(answer: unknown): Page {
  const { entries, cursor } = (answer ?? {}) as Partial<Page>;
  if (!Array.isArray(entries) || typeof cursor !== "string")
    throw new Failure(EXIT.unreachable, "The answer isn't a page of Parley's feed. Check the address.");
  return answer as Page;
}

/** Returns the times as they are sent. Throws a usage Failure for an invalid cursor or time. */
function rangeOf({ after, since, until }: FeedOptions): Record<string, string> {
  if (after !== undefined && !isId(after))
    throw usageError("--after must be a cursor, or the id of an entry");
  for (const [option, time] of [
    ["--since", since],
    ["--until", until],
  ] as const)
    if (time !== undefined && parseTime(time) === undefined)
      throw usageError(`${option} must be a time such as 2025-07-16T14:00:00Z`);
  return { ...(since !== undefined && { since }), ...(until !== undefined && { until }) };
}

/** True once the cursor has reached the end of the range: no more entries come. */
function isOver(cursor: string, { until }: FeedOptions): boolean {
  const ms = until === undefined ? undefined : parseTime(until);
  return ms !== undefined && cursor >= idBeforeTime(ms);
}

/** Repeats a request after errors that may pass, until `giveUpMs` are over. */
async function withRetries<T>(giveUpMs: number, io: Io, request: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + giveUpMs;
  for (let waitMs = RETRY.minMs; ; waitMs = Math.min(2 * waitMs, RETRY.maxMs)) {
    try {
      return await request();
    } catch (error) {
      io.ended.throwIfAborted();
      const failure = failureOf(error);
      if (failure.exitCode !== EXIT.unreachable || performance.now() + waitMs > deadline) throw failure;
      io.note(`${failure.message}; trying again`);
      await delay(waitMs, undefined, { signal: io.ended });
    }
  }
}

/** Returns the Failure of a request, with the remedy if the token lacks the scope. Throws any other error. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof Failure)) throw error;
  if (!(error instanceof RequestRefused) || error.status !== 403) return error;
  const hint = "The token needs the scope history:all: parley token --help";
  return new Failure(EXIT.refused, error.message, hint);
}
