import { laterOf } from "@parley/models";
import type { ChainableCommander, Redis } from "ioredis";
import { Refused } from "../errors.ts";
import { GROUP, LOG, META } from "../format/keys.ts";
import { idUpTo, streamIdOf } from "../format/stream-id.ts";
import { CHECK_MASTER, READ_WATERMARK } from "../script/scripts.ts";

/** How the log stood at one moment. Positions are message ids. */
export interface LogHead {
  /** Another one means that the log was replaced (L3). */
  readonly epoch: string;
  /** The last id given out. */
  readonly end: string;
  /** Nothing up to here is in the log any more. */
  readonly trimmed: string;
}

/** Entries as they stand in the log, undecoded. */
export interface LogPage extends LogHead {
  readonly entries: readonly (readonly [streamId: string, fields: readonly string[]])[];
  /** Everything after what was asked for, up to here, is in `entries`. */
  readonly position: string;
}

/**
 * What follows `after`, up to and with `upTo` (undefined: to the end), at most `count` entries. It is read in one
 * transaction with the head, so where `trimmed` is at or before `after`, nothing between `after` and `position`
 * was trimmed before it was read. A transaction, not a script: Redis need not take thousands of entries through Lua.
 * Rejects as `readHead` does.
 */
export async function readPage(
  client: Redis,
  after: string,
  upTo: string | undefined,
  count: number,
): Promise<LogPage> {
  const last = upTo === undefined ? "+" : streamIdOf(upTo);
  const call = headCall(client).xrange(LOG, `(${streamIdOf(after)}`, last, "COUNT", count);
  const [head, range] = await executed(call);
  const entries = range as LogPage["entries"];
  const lastEntry = entries.at(-1);
  const whole = lastEntry === undefined || entries.length < count;
  const position = whole ? earlierOf(upTo ?? head.end, head.end) : idUpTo(lastEntry[0]);
  return { ...head, entries, position };
}

/** Rejects with `Refused` where there is no log, and with READONLY on a server that is no master. */
export async function readHead(client: Redis): Promise<LogHead> {
  return (await executed(headCall(client)))[0];
}

/**
 * Everything up to here is stored: the group's watermark (L12), or what was trimmed, where that reaches further, as
 * it does while a new group has not been given anything. Rejects as `readHead` does.
 */
export async function readWatermark(client: Redis): Promise<string> {
  const [group, trimmed] = (await READ_WATERMARK.run(client, [LOG, META], [GROUP])) as [
    string,
    string | null,
  ];
  if (trimmed === null) throw noLog();
  return laterOf(idUpTo(group), idUpTo(trimmed));
}

/** Whether this is a master is asked in the same transaction: what a demoted server says is no end of the log (L22). */
function headCall(client: Redis): ChainableCommander {
  return CHECK_MASTER.addTo(client.multi(), [META]).hmget(META, "epoch", "trimmed").xinfo("STREAM", LOG);
}

/** The head, and the reply of the command that was added to the call. A command's own error is its reply. */
async function executed(call: ChainableCommander): Promise<readonly [LogHead, unknown]> {
  const replies = await call.exec();
  if (!replies) throw new Refused("the transaction was not executed");
  const [master, meta, stream, more] = replies.map(([error, reply]) => error ?? reply);
  if (master instanceof Error) throw new Refused(master.message);
  return [headFrom(meta, stream), more];
}

function headFrom(meta: unknown, stream: unknown): LogHead {
  const [epoch, trimmed] = meta as readonly (string | null)[];
  if (!Array.isArray(stream) || typeof epoch !== "string" || typeof trimmed !== "string") throw noLog();
  const end: unknown = stream[stream.indexOf("last-generated-id") + 1];
  return { epoch, end: idUpTo(String(end)), trimmed: idUpTo(trimmed) };
}

function earlierOf(a: string, b: string): string {
  return a < b ? a : b;
}

function noLog(): Refused {
  return new Refused("there is no log in Redis");
}
