/**
 * Latency, and why it is not flattered.
 *
 * A message carries the time at which it was *due* by the schedule, not the time at which it was written. When the
 * sender or the server stands still for a while, every message that was due meanwhile counts with its whole wait
 * (a sender that waited and then took the time anew would leave just those out: coordinated omission). So the
 * figures include the sender's own lateness, a timer's millisecond above all, and the listener's.
 *
 * Sender and listener are different processes of one machine and read the same steady clock (CLOCK_MONOTONIC):
 * nothing has to be synchronised, and no step of the wall clock shows.
 *
 * A stamp also says what the message belongs to, since a user hears the room and private messages over one connection.
 */
const DIGITS = 16;
const MARK = "~";
const MARK_BYTE = 0x7e;
/** Mark, lane, digits, mark. */
const LENGTH = DIGITS + 3;

/** What a message belongs to. */
export type Lane = "room" | "private";
const LETTERS: Readonly<Record<Lane, string>> = { room: "r", private: "p" };
const PRIVATE_BYTE = 0x70;

/** Microseconds of the machine's steady clock. */
export function steadyMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** A content of just `length` bytes that says when it was due. */
export function stampedContent(dueMicros: number, length: number, lane: Lane = "room"): string {
  const stamp = `${MARK}${LETTERS[lane]}${String(Math.round(dueMicros)).padStart(DIGITS, "0")}${MARK}`;
  return stamp.padEnd(length, "x");
}

/** When the message in a payload was due, or undefined where there is no stamp. */
export function stampIn(data: Buffer, start: number, length: number): number | undefined {
  const at = markIn(data, start, length);
  if (at < 0) return undefined;
  return Number(data.toString("latin1", at + 2, at + 2 + DIGITS));
}

/** Whether there is a private message in a payload. */
export function isPrivate(data: Buffer, start: number, length: number): boolean {
  const at = markIn(data, start, length);
  return at >= 0 && data[at + 1] === PRIVATE_BYTE;
}

/** Where a whole stamp begins, or -1. */
function markIn(data: Buffer, start: number, length: number): number {
  const at = data.indexOf(MARK_BYTE, start);
  const isWhole = at >= 0 && at + LENGTH <= start + length && data[at + LENGTH - 1] === MARK_BYTE;
  return isWhole ? at : -1;
}
