/**
 * Message ids (L1–L3).
 *
 * An id is a position in the log as fixed-width text, `mmmmmmmmmmmmm-ssssssssss-pp`: milliseconds since 1970, a
 * sequence within the millisecond, and a partition (always 00 today, reserved for several partitions). Fixed widths
 * make ids sort as text in log order, in Redis, MongoDB, SQLite and clients.
 */

/** A position in the log. `ms` is the log's own time, which never goes back, even if a clock does (L1). */
export interface Position {
  readonly ms: number;
  readonly seq: number;
}

const ID = /^(\d{13})-(\d{10})-(\d{2})$/;

/** The greatest position that fits an id. */
export const MAX_MS = 9_999_999_999_999;
export const MAX_SEQ = 9_999_999_999;

/** The id before every message: the end of an empty log, and the cursor of a client that has seen nothing. */
export const ORIGIN: string = formatId({ ms: 0, seq: 0 });

/** Formats a position as an id. Throws a RangeError for a position that doesn't fit the fixed width. */
export function formatId({ ms, seq }: Position): string {
  if (!isPart(ms, MAX_MS) || !isPart(seq, MAX_SEQ)) throw new RangeError("the position doesn't fit an id");
  return `${String(ms).padStart(13, "0")}-${String(seq).padStart(10, "0")}-00`;
}

/** Parses an id, or returns undefined for other text. `formatId` is the inverse. */
export function parseId(text: string): Position | undefined {
  const parts = ID.exec(text);
  if (parts?.[3] !== "00") return undefined;
  return { ms: Number(parts[1]), seq: Number(parts[2]) };
}

/** Tells if a value is an id. */
export function isId(text: unknown): text is string {
  return typeof text === "string" && parseId(text) !== undefined;
}

/** Returns the next position: sequence plus one, or the next millisecond once the sequence is full. */
export function nextPosition({ ms, seq }: Position): Position {
  return seq < MAX_SEQ ? { ms, seq: seq + 1 } : { ms: ms + 1, seq: 0 };
}

/**
 * Returns the smallest id after `id`, to turn "at most `id`" into an exclusive bound. Throws a RangeError for other
 * text.
 */
export function idAfter(id: string): string {
  return formatId(nextPosition(positionOf(id)));
}

/** Returns the greatest id before `id`. Throws a RangeError for other text, and for ORIGIN. */
export function idBefore(id: string): string {
  const { ms, seq } = positionOf(id);
  return formatId(seq > 0 ? { ms, seq: seq - 1 } : { ms: ms - 1, seq: MAX_SEQ });
}

/**
 * The last result of `timestampOf`. Under load many messages have the same millisecond, and the timestamp of each
 * message is needed twice.
 */
let latest = { ms: 0, timestamp: new Date(0).toISOString() };

/** Returns the time of an id as ISO 8601 in UTC (L2). Throws a RangeError for other text. */
export function timestampOf(id: string): string {
  const { ms } = positionOf(id);
  if (ms !== latest.ms) latest = { ms, timestamp: new Date(ms).toISOString() };
  return latest.timestamp;
}

/** Returns the later of two ids. */
export function laterOf(a: string, b: string): string {
  return a > b ? a : b;
}

function positionOf(id: string): Position {
  const position = parseId(id);
  if (!position) throw new RangeError("not a message id");
  return position;
}

function isPart(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max;
}
