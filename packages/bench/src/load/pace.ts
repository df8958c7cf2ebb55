import { setTimeout as delay } from "node:timers/promises";
import { steadyMicros } from "./stamp.ts";

const LEAD_MICROS = 20_000;

/**
 * Open loop: calls `send` for each of `count` messages once it is due, however slow the server is, then `flush`
 * for those of one moment. Resolves with when the first was due, in µs of the steady clock.
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
