/**
 * Message ids (L1–L3).
 *
 * An id is a position in the log as fixed-width text, `mmmmmmmmmmmmm-ssssssssss-pp`: milliseconds since 1970, a
 * sequence within the millisecond, and a partition (always 00 today, kept for a log of several). Because every
 * part has a fixed width, sorting ids as text is sorting positions, in Redis, MongoDB, SQLite and clients alike.
 */

/** A place in the log. `ms` is time as the log counts it, which never goes back, whatever a clock does. */
export interface Position {
  readonly ms: number;
  readonly seq: number;
}

const ID = /^(\d{13})-(\d{10})-(\d{2})$/;

/** The widest position that an id can hold. */
export const MAX_MS = 9_999_999_999_999;
export const MAX_SEQ = 9_999_999_999;

/** The id before every message: an empty log's end, the cursor of one who has seen nothing. */
export const ORIGIN: string = formatId({ ms: 0, seq: 0 });

/** Throws a RangeError for a position that the fixed width cannot hold: a log must not hand such a one out. */
export function formatId({ ms, seq }: Position): string {
  if (!isPart(ms, MAX_MS) || !isPart(seq, MAX_SEQ))
    throw new RangeError("position beyond the width of an id");
  return `${String(ms).padStart(13, "0")}-${String(seq).padStart(10, "0")}-00`;
}

/** The position of an id, or undefined for text that is no id. `formatId` gives the same text back. */
export function parseId(text: string): Position | undefined {
  const parts = ID.exec(text);
  if (parts?.[3] !== "00") return undefined;
  return { ms: Number(parts[1]), seq: Number(parts[2]) };
}

export function isId(text: unknown): text is string {
  return typeof text === "string" && parseId(text) !== undefined;
}

/** The next position: the sequence counts on, and carries into the millisecond when it is full. */
export function following({ ms, seq }: Position): Position {
  return seq < MAX_SEQ ? { ms, seq: seq + 1 } : { ms: ms + 1, seq: 0 };
}

/** The smallest id that sorts after `id`: turns "at most `id`" into an exclusive bound. Throws for no id. */
export function idAfter(id: string): string {
  return formatId(following(positionOf(id)));
}

/** Of the millisecond that was asked for last: under load many messages share it, and each is asked for twice. */
let latest = { ms: 0, timestamp: new Date(0).toISOString() };

/** The time of an id, ISO 8601 in UTC (L2). Throws a RangeError for text that is no id. */
export function timestampOf(id: string): string {
  const { ms } = positionOf(id);
  if (ms !== latest.ms) latest = { ms, timestamp: new Date(ms).toISOString() };
  return latest.timestamp;
}

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
