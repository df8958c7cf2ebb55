/**
 * Latency is measured from when a message was due, to avoid coordinated omission.
 *
 * A message carries the time at which it was *due* by the schedule, not the time at which it was written. If the
 * sender or the server stalls, the latency of every message that was due during the stall includes the whole wait. If
 * the sender stamped the time of writing instead, exactly these waits would be missing. The latencies therefore
 * include the delays of the sender (mostly its timer's resolution of a millisecond) and of the listener.
 *
 * Sender and listener are different processes on one machine and read the same steady clock (CLOCK_MONOTONIC). No
 * clocks need to be synchronised, and a step of the wall clock has no effect.
 *
 * A stamp also names its message's scope, because a user receives public and private messages over one connection.
 */
const DIGITS = 16;
const MARK = "~";
const MARK_BYTE = 0x7e;
/** Length of a stamp: mark, scope, digits, mark. */
const LENGTH = DIGITS + 3;

/** A message's scope: the public room or a private conversation. */
export type Scope = "room" | "private";
const LETTERS: Readonly<Record<Scope, string>> = { room: "r", private: "p" };
const PRIVATE_BYTE = 0x70;

/** Returns the machine's steady clock in µs. */
export function steadyMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Returns a message content of exactly `length` bytes that begins with a stamp. */
export function stampedContent(dueMicros: number, length: number, scope: Scope = "room"): string {
  const stamp = `${MARK}${LETTERS[scope]}${String(Math.round(dueMicros)).padStart(DIGITS, "0")}${MARK}`;
  return stamp.padEnd(length, "x");
}

/** Returns the time at which the message in a payload was due, or undefined if the payload contains no stamp. */
export function stampIn(data: Buffer, start: number, length: number): number | undefined {
  const at = markIn(data, start, length);
  if (at < 0) return undefined;
  return Number(data.toString("latin1", at + 2, at + 2 + DIGITS));
}

/** Returns true if the message in a payload has a private stamp. */
export function isPrivate(data: Buffer, start: number, length: number): boolean {
  const at = markIn(data, start, length);
  return at >= 0 && data[at + 1] === PRIVATE_BYTE;
}

/** Returns the offset of a complete stamp, or -1. */
function markIn(data: Buffer, start: number, length: number): number {
  const at = data.indexOf(MARK_BYTE, start);
  const isWhole = at >= 0 && at + LENGTH <= start + length && data[at + LENGTH - 1] === MARK_BYTE;
  return isWhole ? at : -1;
}
