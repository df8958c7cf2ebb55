import { setTimeout as delay } from "node:timers/promises";
import { steadyMicros } from "./stamp.ts";

const LEAD_MICROS = 20_000;

/**
 * Open loop: calls `send` for each of `count` messages when it is due, however slow the server is. Calls `flush`
 * after the messages that were due at the same moment. Resolves with the time at which the first message was due, in
 * µs of the steady clock.
 */
export async function pace(
  { perSecond, count }: { readonly perSecond: number; readonly count: number },
  send: (n: number, dueAt: number) => void,
  flush: () => void,
): Promise<number> {
  const firstDueAt = steadyMicros() + LEAD_MICROS;
  const dueAt = (n: number): number => firstDueAt + (n * 1_000_000) / perSecond;
  for (let n = 0; n < count; ) {
    const now = steadyMicros();
    for (; n < count && dueAt(n) <= now; n += 1) send(n, dueAt(n));
    flush();
    if (n < count) await delay(Math.max(0, (dueAt(n) - steadyMicros()) / 1000));
  }
  return firstDueAt;
}
