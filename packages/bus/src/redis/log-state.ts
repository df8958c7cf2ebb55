import { laterOf } from "@parley/models";
import type { ChainableCommander, Redis } from "ioredis";
import { isRefusal, Refused } from "./connection.ts";
import { GROUP, LOG, META } from "./keys.ts";
import { idUpTo, streamIdOf } from "./positions.ts";
import { Script } from "./script.ts";

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
 * Rejects with `Refused` where there is no log.
 */
export async function readPage(
  client: Redis,
  after: string,
  upTo: string | undefined,
  count: number,
): Promise<LogPage> {
  const last = upTo === undefined ? "+" : streamIdOf(upTo);
  const call = headCall(client).xrange(LOG, `(${streamIdOf(after)}`, last, "COUNT", count);
  const [meta, stream, range] = await executed(call);
  const head = headFrom(meta, stream);
  const entries = range as LogPage["entries"];
  const lastEntry = entries.at(-1);
  const whole = lastEntry === undefined || entries.length < count;
  const position = whole ? earlierOf(upTo ?? head.end, head.end) : idUpTo(lastEntry[0]);
  return { ...head, entries, position };
}

/** Rejects with `Refused` where there is no log. */
export async function readHead(client: Redis): Promise<LogHead> {
  const [meta, stream] = await executed(headCall(client));
  return headFrom(meta, stream);
}

/**
 * Names the failover that made this server the master. Another name on a new connection means that a replica has
 * taken over, which may lack what its master had (L9). Empty where there was none since the server's start, or where
 * it does not tell.
 */
export async function readPromotion(client: Redis): Promise<string> {
  try {
    const name = /^master_replid2:(\w+)/m.exec(await client.info("replication"))?.[1] ?? "";
    return /^0*$/.test(name) ? "" : name;
  } catch (error) {
    if (isRefusal(error)) return "";
    throw error;
  }
}

/** Whether a failover came between two readings. A restart alone, after which the name is empty, is none. */
export function wasPromoted(before: string, now: string): boolean {
  return now !== "" && now !== before;
}

/**
 * Lua: `watermark(log, group)` is the stream id up to which everything is stored (L12): just before the least
 * pending id, else the group's last delivered id, "0-0" without a group or a log. For scripts that need it to be
 * true at the moment of what they do next.
 */
export const WATERMARK_LUA = `
local function before(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  if seq ~= '0' then return ms .. '-' .. string.format('%.0f', tonumber(seq) - 1) end
  return string.format('%.0f', tonumber(ms) - 1) .. '-9999999999'
end
local function watermark(log, group)
  local pending = redis.pcall('XPENDING', log, group)
  if pending.err then return '0-0' end
  if pending[1] > 0 then return before(pending[2]) end
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', log)) do
    local fields = {}
    for i = 1, #info, 2 do fields[info[i]] = info[i + 1] end
    if fields['name'] == group then return fields['last-delivered-id'] end
  end
  return '0-0'
end
`;

const watermark = new Script(`${WATERMARK_LUA}
return {watermark(KEYS[1], ARGV[1]), redis.call('HGET', KEYS[2], 'trimmed')}
`);

/**
 * Everything up to here is stored: the group's watermark (L12), or what was trimmed, where that reaches further, as
 * it does while a new group has not been given anything. Rejects with `Refused` where there is no log.
 */
export async function readWatermark(client: Redis): Promise<string> {
  const [group, trimmed] = (await watermark.run(client, [LOG, META], [GROUP])) as [string, string | null];
  if (trimmed === null) throw noLog();
  return laterOf(idUpTo(group), idUpTo(trimmed));
}

const marker = new Script(`
local stream = redis.pcall('XINFO', 'STREAM', KEYS[1])
local epoch = redis.call('HGET', KEYS[2], 'epoch')
local text = '- -'
if epoch and not stream.err then
  for i = 1, #stream, 2 do
    if stream[i] == 'last-generated-id' then text = epoch .. ' ' .. stream[i + 1] end
  end
end
return redis.call('PUBLISH', ARGV[1], ARGV[2] .. ' ' .. text)
`);

/**
 * Publishes a marker with the log's end, read in the same script: whoever hears it has heard everything up to that
 * end before it, on the same connection (L15).
 */
export function publishMarker(client: Redis, channel: string, tag: string): Promise<unknown> {
  return marker.run(client, [LOG, META], [channel, tag]);
}

export interface Marker {
  readonly tag: string;
  /** Undefined: there is no log. */
  readonly log: Pick<LogHead, "epoch" | "end"> | undefined;
}

/** Undefined for what is no marker. */
export function decodeMarker(payload: string): Marker | undefined {
  const parts = /^(\S+) (\S+) (?:(\d+-\d+)|-)$/.exec(payload);
  const [, tag, epoch, end] = parts ?? [];
  if (tag === undefined || epoch === undefined) return undefined;
  return { tag, log: end === undefined ? undefined : { epoch, end: idUpTo(end) } };
}

function headCall(client: Redis): ChainableCommander {
  return client.multi().hmget(META, "epoch", "trimmed").xinfo("STREAM", LOG);
}

/** The replies of a transaction's commands; a command's own error is its reply. */
async function executed(call: ChainableCommander): Promise<readonly unknown[]> {
  const replies = await call.exec();
  if (!replies) throw new Refused("the transaction was not executed");
  return replies.map(([error, reply]) => error ?? reply);
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
