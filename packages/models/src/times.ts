import { formatId, MAX_MS, MAX_SEQ, ORIGIN } from "./ids.ts";

/**
 * Times that clients name (P64), and the positions in the log that they stand for. A time is the bound between the
 * messages with an earlier timestamp and those with this timestamp or a later one.
 */

const DATE = "\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])";
const CLOCK = "(?:[01]\\d|2[0-3]):[0-5]\\d";
/** The form of a time (RFC 3339), without leap seconds, for JSON Schema. It doesn't check the length of the month. */
export const TIME_PATTERN = `^${DATE}[Tt]${CLOCK}:[0-5]\\d(?:\\.\\d+)?(?:[Zz]|[+-]${CLOCK})$`;

const TIME = new RegExp(TIME_PATTERN);
const FRACTION = /\.(\d+)/;

/**
 * Parses a time as RFC 3339 defines it. Returns the first whole millisecond at or after it, in ms since 1970, or undefined
 * for other text.
 */
export function parseTime(text: string): number | undefined {
  if (!TIME.test(text) || !isDate(text.slice(0, 10))) return undefined;
  const digits = FRACTION.exec(text)?.[1] ?? "";
  const isBetween = /[1-9]/.test(digits.slice(3));
  const seconds = Date.parse(text.toUpperCase().replace(FRACTION, ""));
  return seconds + Number(digits.slice(0, 3).padEnd(3, "0")) + (isBetween ? 1 : 0);
}

/** Returns the id at or above which every message from this time on lies: an exclusive upper bound of earlier ones. */
export function idAtTime(ms: number): string {
  if (ms > MAX_MS) return formatId({ ms: MAX_MS, seq: MAX_SEQ });
  return formatId({ ms: Math.max(0, ms), seq: 0 });
}

/** Returns the greatest id before this time: an exclusive lower bound of the messages from this time on. */
export function idBeforeTime(ms: number): string {
  if (ms <= 0) return ORIGIN;
  return formatId({ ms: Math.min(ms - 1, MAX_MS), seq: MAX_SEQ });
}

/** Tells if a date exists: June has no 31st. */
function isDate(date: string): boolean {
  const ms = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}
