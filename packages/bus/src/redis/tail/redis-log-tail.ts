import { coalesce, raceAbort } from "@parley/async";
import type { LogEntry } from "@parley/models";
import type { Redis } from "ioredis";
import type { LogState } from "../../log-state.ts";
import type { LogTail, TailRead } from "../../log-tail.ts";
import type { Link } from "../connection/link.ts";
import { runOrUnavailable } from "../connection/run-or-unavailable.ts";
import { readServer, wasPromoted } from "../connection/server-role.ts";
import type { Context } from "../context.ts";
import { decodeEntry } from "../format/entry.ts";
import type { KeyNames } from "../format/keys.ts";
import { idUpTo, streamIdOf } from "../format/stream-id.ts";
import type { HighestId } from "../log/highest-id.ts";
import { type LogHead, type LogPage, readHead, readPage, readWatermark } from "../log/log-reader.ts";
import { readLogState } from "../log/log-state.ts";
import type { KnownRevocations } from "../revocations/known-revocations.ts";

/** The most entries in one read. */
const BATCH = 500;
/** `read` waits at most this long for a message, in ms. */
const WAIT_MS = 1_000;
const TIMEOUT_MS = 2_000;

/** The log that a reader follows, and the master from which it is read. */
interface FollowedLog {
  readonly epoch: string;
  readonly promotion: string;
  /** The connection on which epoch and promotion were read. */
  readonly client: Redis;
}

/**
 * Follows the log (L19 to L22).
 *
 * No message is missed, for these reasons:
 *
 * - A page is read in one transaction with `trimmed`, which never decreases as long as the log exists. If `trimmed` is
 *   not after `after`, the log had all entries after `after` when the page was read. Otherwise the result is `lost`.
 * - The blocking read only waits, and its entries are then read again as a page. It can't read the page itself: in a
 *   transaction it wouldn't block, and outside a transaction it couldn't tell if entries were trimmed before.
 * - A log that was replaced has another epoch. A reader that doesn't know an epoch yet starts at a watermark. If a new
 *   log is created meanwhile, it starts above everything stored, and `trimmed` is this start.
 * - Only a master is read. The transaction or script that reads also checks that the server is a master. Connections to
 *   a master that the Sentinels have replaced are closed. So a demoted server never supplies the log's end (L22).
 *
 * An appender of the same process assigns only ids above what this tail has reached (L1).
 */
export class RedisLogTail implements LogTail {
  readonly #names: KeyNames;
  readonly #highestId: HighestId;
  readonly #revocations: KnownRevocations;
  /** The connection that waits for messages and reads them. */
  readonly #readLink: Link;
  /** The connection that reads positions. It is separate, so that a blocking read never delays them. */
  readonly #positionLink: Link;
  /** Reads the head. Concurrent callers share one read, because every request for history needs the position. */
  readonly #readHead: () => Promise<LogHead>;
  #followed: FollowedLog | undefined;

  constructor(context: Context) {
    const { names, highestId, revocations } = context;
    this.#names = names;
    this.#highestId = highestId;
    this.#revocations = revocations;
    this.#readLink = context.connect({ role: "tail", commandTimeoutMs: TIMEOUT_MS + WAIT_MS });
    this.#positionLink = context.connect({ role: "tail-position", commandTimeoutMs: TIMEOUT_MS });
    this.#readHead = coalesce(() =>
      runOrUnavailable(this.#positionLink, (client) =>
        revocations.follow(client, () => readHead(client, names)),
      ),
    );
  }

  async position(): Promise<string> {
    const { end } = await this.#readHead();
    this.#highestId.raise(end);
    return end;
  }

  watermark(): Promise<string> {
    return runOrUnavailable(this.#positionLink, (client) => readWatermark(client, this.#names));
  }

  state(): Promise<LogState> {
    return runOrUnavailable(this.#positionLink, (client) => readLogState(client, this.#names));
  }

  read(after: string, signal: AbortSignal): Promise<TailRead> {
    return raceAbort(this.#read(after, signal), signal);
  }

  problem(): string | undefined {
    return this.#readLink.problem() ?? this.#positionLink.problem();
  }

  async close(): Promise<void> {
    await Promise.all([this.#readLink.close(), this.#positionLink.close()]);
  }

  async #read(after: string, signal: AbortSignal): Promise<TailRead> {
    const page = await runOrUnavailable(this.#readLink, (client) => this.#readPage(client, after));
    if (page === "lost" || page.entries.length > 0 || page.position > after || signal.aborted) {
      return this.#toTailRead(page, after, signal);
    }
    await runOrUnavailable(this.#readLink, (client) => waitForEntry(client, this.#names.log, after));
    return this.#toTailRead(
      await runOrUnavailable(this.#readLink, (client) => this.#readPage(client, after)),
      after,
      signal,
    );
  }

  async #readPage(client: Redis, after: string): Promise<LogPage | "lost"> {
    const followed = await this.#follow(client);
    if (!followed) return "lost";
    const page = await this.#revocations.follow(client, () =>
      readPage(client, this.#names, after, undefined, BATCH),
    );
    const isLost = page.epoch !== followed.epoch || page.trimmed > after || page.end < after;
    if (!isLost) this.#highestId.raise(page.end);
    return isLost ? "lost" : page;
  }

  /** Returns the followed log, or undefined if a new connection leads to another log or another master (L3, L9). */
  async #follow(client: Redis): Promise<FollowedLog | undefined> {
    const known = this.#followed;
    if (known?.client === client) return known;
    const [{ promotion }, { epoch }] = await Promise.all([readServer(client), readHead(client, this.#names)]);
    if (known && (known.epoch !== epoch || wasPromoted(known.promotion, promotion))) return undefined;
    this.#followed = { epoch, promotion, client };
    return this.#followed;
  }

  #toTailRead(page: LogPage | "lost", after: string, signal: AbortSignal): TailRead {
    if (page === "lost") {
      // The caller starts again at the watermark, and may then follow another log.
      if (!signal.aborted) this.#followed = undefined;
      return { kind: "lost" };
    }
    return readOf(page, after);
  }
}

/** Decodes a page up to the first entry of a later version. Leaves out what is no entry of any version (L10). */
function readOf(page: LogPage, after: string): TailRead {
  const entries: LogEntry[] = [];
  let position = after;
  for (const [streamId, fields] of page.entries) {
    const decoded = decodeEntry(streamId, fields);
    if (decoded.kind === "newer") return { kind: "read", entries, position, unknown: decoded.entry };
    if (decoded.kind === "known") entries.push(decoded.entry);
    position = idUpTo(streamId);
  }
  return { kind: "read", entries, position: page.position };
}

/** Waits for an entry after `after`, at most WAIT_MS. */
async function waitForEntry(client: Redis, log: string, after: string): Promise<void> {
  await client.xread("COUNT", 1, "BLOCK", WAIT_MS, "STREAMS", log, streamIdOf(after));
}
