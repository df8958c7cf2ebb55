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
 */
const DIGITS = 16;
const MARK = "~";
const MARK_BYTE = 0x7e;

/** Microseconds of the machine's steady clock. */
export function steadyMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** A content of just `length` bytes that says when it was due. */
export function stampedContent(dueMicros: number, length: number): string {
  const stamp = `${MARK}${String(Math.round(dueMicros)).padStart(DIGITS, "0")}${MARK}`;
  return stamp.padEnd(length, "x");
}

/** When the message in a payload was due, or undefined where there is no stamp. */
export function stampIn(data: Buffer, start: number, length: number): number | undefined {
  const at = data.indexOf(MARK_BYTE, start);
  if (at < 0 || at + DIGITS + 2 > start + length || data[at + DIGITS + 1] !== MARK_BYTE) return undefined;
  return Number(data.toString("latin1", at + 1, at + 1 + DIGITS));
}
