import { laterOf } from "@parley/models";
import type { ChainableCommander, Redis } from "ioredis";
import { RefusedError } from "../errors.ts";
import { GROUP, type KeyNames } from "../format/keys.ts";
import { problemOfFormat } from "../format/log-format.ts";
import { idUpTo, streamIdOf } from "../format/stream-id.ts";
import { CHECK_MASTER, READ_HEAD, READ_WATERMARK } from "../script/scripts.ts";

/** The state of the log at one moment. Positions are message ids. */
export interface LogHead {
  /** Changes when the log is replaced (L3). */
  readonly epoch: string;
  /** The last id that the log assigned. */
  readonly end: string;
  /** The log has no entries up to this id. */
  readonly trimmed: string;
}

/** The head as it was read, with the version of the revocations (L26). "" if there has been none. */
export interface ReadHead extends LogHead {
  readonly revocations: string;
}

/** A page of log entries, not decoded, and the log's head at the time of the read. */
export interface LogPage extends ReadHead {
  readonly entries: readonly (readonly [streamId: string, fields: readonly string[]])[];
  /** `entries` contains all entries after the requested position and up to this id. */
  readonly position: string;
}

/**
 * Reads at most `count` entries after `after`, up to and including `upTo`. If `upTo` is undefined, reads up to the end.
 * Rejects as `readHead` does.
 *
 * Reads the head in the same transaction. So if `trimmed` isn't after `after`, no entry between `after` and `position`
 * was trimmed before the read. This is a transaction and not a script, so that Redis needn't convert all entries to Lua
 * values.
 */
export async function readPage(
  client: Redis,
  names: KeyNames,
  after: string,
  upTo: string | undefined,
  count: number,
): Promise<LogPage> {
  const last = upTo === undefined ? "+" : streamIdOf(upTo);
  const transaction = readHeadIn(client, names).xrange(
    names.log,
    `(${streamIdOf(after)}`,
    last,
    "COUNT",
    count,
  );
  const [head, range] = await execute(transaction);
  const entries = range as LogPage["entries"];
  const lastEntry = entries.at(-1);
  const isComplete = lastEntry === undefined || entries.length < count;
  const position = isComplete ? earlierOf(upTo ?? head.end, head.end) : idUpTo(lastEntry[0]);
  return { ...head, entries, position };
}

/**
 * Reads the head. Rejects with `RefusedError` if there is no log, and with READONLY on a replica.
 *
 * Every handshake and every request for history reads the head. One script costs this process a fraction of the
 * transaction in `readPage`, and its answer has no entries, as that of XINFO has.
 */
export async function readHead(client: Redis, { log, meta }: KeyNames): Promise<ReadHead> {
  const [end = null, ...rest] = (await READ_HEAD.run(client, [log, meta], [])) as (string | null)[];
  return headFrom(end, rest);
}

/**
 * Reads the watermark: everything up to this id is stored (L12). Returns the log's `trimmed` position if that is
 * greater. A new group's watermark may be lower until the group has delivered entries. Rejects as `readHead` does.
 */
export async function readWatermark(client: Redis, { log, meta }: KeyNames): Promise<string> {
  const [mark, trimmed] = (await READ_WATERMARK.run(client, [log, meta], [GROUP])) as [string, string | null];
  if (trimmed === null) throw noLog();
  return laterOf(idUpTo(mark), idUpTo(trimmed));
}

/** Starts a transaction that reads the head. It fails on a replica, because a demoted server's end is stale (L22). */
function readHeadIn(client: Redis, { log, meta }: KeyNames): ChainableCommander {
  return CHECK_MASTER.addTo(client.multi(), [meta])
    .hmget(meta, "epoch", "trimmed", "format", "revocations")
    .xinfo("STREAM", log);
}

/** Executes a transaction of `readHeadIn`. Returns the head, and the reply or error of a command added after it. */
async function execute(transaction: ChainableCommander): Promise<readonly [ReadHead, unknown]> {
  const replies = await transaction.exec();
  if (!replies) throw new RefusedError("the transaction was not executed");
  const [master, meta, stream, added] = replies.map(([error, reply]) => error ?? reply);
  if (master instanceof Error) throw new RefusedError(master.message);
  const end = Array.isArray(stream) ? String(stream[stream.indexOf("last-generated-id") + 1]) : null;
  return [headFrom(end, meta as readonly (string | null)[]), added];
}

/** `meta` has the fields `epoch`, `trimmed`, `format` and `revocations` of META. */
function headFrom(end: string | null, meta: readonly (string | null)[]): ReadHead {
  const [epoch, trimmed, format = null, revocations] = meta;
  if (end === null || typeof epoch !== "string" || typeof trimmed !== "string") throw noLog();
  const problem = problemOfFormat(format);
  if (problem !== undefined) throw new RefusedError(problem);
  return { epoch, end: idUpTo(end), trimmed: idUpTo(trimmed), revocations: revocations ?? "" };
}

function earlierOf(a: string, b: string): string {
  return a < b ? a : b;
}

function noLog(): RefusedError {
  return new RefusedError("there is no log in Redis");
}
