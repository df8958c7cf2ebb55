import { coalesce, raceAbort } from "@parley/async";
import type { LogMessage } from "@parley/models";
import type { Redis } from "ioredis";
import type { LogTail, TailRead } from "../../log-tail.ts";
import { ask } from "../connection/ask.ts";
import type { Link } from "../connection/link.ts";
import { readServer, wasPromoted } from "../connection/server-role.ts";
import type { Context } from "../context.ts";
import { decodeEntry } from "../format/entry.ts";
import { LOG } from "../format/keys.ts";
import { streamIdOf } from "../format/stream-id.ts";
import { type LogHead, type LogPage, readHead, readPage, readWatermark } from "../log/log-reader.ts";

const BATCH = 500;
/** How long `read` waits for something to come, in ms. */
const WAIT_MS = 1_000;
const TIMEOUT_MS = 2_000;

/** Which log, and which master of it, a reader has been following. */
interface Followed {
  readonly epoch: string;
  readonly promotion: string;
  /** The connection on which that was last seen to be so. */
  readonly client: Redis;
}

/**
 * Follows the log (L19–L22).
 *
 * Why no message is missed: a page is read in one transaction with `trimmed`. `trimmed` only grows while a log
 * lives, so where it is at or before `after`, everything after `after` was still there when the page was read; where
 * it is not, the answer is `lost`. The blocking read only waits: what it returns is read again, in such a page, since
 * a blocking read inside a transaction does not wait and outside of one it would say nothing of what was trimmed
 * before. A log that was replaced has another epoch. A reader that has none yet cannot be fooled by that either: it
 * starts at a watermark, a new log starts above all that is stored, and everything up to there counts as trimmed.
 *
 * Whatever is asked is asked of a master: in the same transaction or script, and where Sentinels have named another
 * one the connections are let go. So a server that was demoted never says where the log ends (L22).
 */
export class RedisLogTail implements LogTail {
  /** Waits for messages and reads them. */
  readonly #reading: Link;
  /** Never blocked, so that a position is had at once. */
  readonly #asking: Link;
  /** Every request for history asks for the position. */
  readonly #head: () => Promise<LogHead>;
  #followed: Followed | undefined;

  constructor(context: Context) {
    const commandTimeoutMs = TIMEOUT_MS;
    this.#reading = context.connect({ role: "tail", commandTimeoutMs: commandTimeoutMs + WAIT_MS });
    this.#asking = context.connect({ role: "tail-position", commandTimeoutMs });
    this.#head = coalesce(() => ask(this.#asking, readHead));
  }

  async position(): Promise<string> {
    return (await this.#head()).end;
  }

  watermark(): Promise<string> {
    return ask(this.#asking, readWatermark);
  }

  read(after: string, signal: AbortSignal): Promise<TailRead> {
    return raceAbort(this.#read(after, signal), signal);
  }

  problem(): string | undefined {
    return this.#reading.problem() ?? this.#asking.problem();
  }

  async close(): Promise<void> {
    await Promise.all([this.#reading.close(), this.#asking.close()]);
  }

  async #read(after: string, signal: AbortSignal): Promise<TailRead> {
    const page = await ask(this.#reading, (client) => this.#page(client, after));
    if (page === "lost" || page.entries.length > 0 || page.position > after || signal.aborted) {
      return this.#answer(page, signal);
    }
    await ask(this.#reading, (client) => waitForMore(client, after));
    return this.#answer(await ask(this.#reading, (client) => this.#page(client, after)), signal);
  }

  async #page(client: Redis, after: string): Promise<LogPage | "lost"> {
    const followed = await this.#follow(client);
    if (!followed) return "lost";
    const page = await readPage(client, after, undefined, BATCH);
    const lost = page.epoch !== followed.epoch || page.trimmed > after || page.end < after;
    return lost ? "lost" : page;
  }

  /** What is followed; undefined when a new connection finds another log or another master (L3, L9). */
  async #follow(client: Redis): Promise<Followed | undefined> {
    const before = this.#followed;
    if (before?.client === client) return before;
    const [{ promotion }, { epoch }] = await Promise.all([readServer(client), readHead(client)]);
    if (before && (before.epoch !== epoch || wasPromoted(before.promotion, promotion))) return undefined;
    this.#followed = { epoch, promotion, client };
    return this.#followed;
  }

  #answer(page: LogPage | "lost", signal: AbortSignal): TailRead {
    if (page === "lost") {
      // Whoever is told so starts again, with whatever log there is.
      if (!signal.aborted) this.#followed = undefined;
      return { kind: "lost" };
    }
    const messages = page.entries.flatMap(([streamId, fields]): LogMessage[] => {
      const entry = decodeEntry(streamId, fields);
      return entry.kind === "message" ? [entry.message] : [];
    });
    return { kind: "read", messages, position: page.position };
  }
}

async function waitForMore(client: Redis, after: string): Promise<void> {
  await client.xread("COUNT", 1, "BLOCK", WAIT_MS, "STREAMS", LOG, streamIdOf(after));
}
