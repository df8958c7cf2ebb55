import { setTimeout as pause } from "node:timers/promises";

const TIMEOUT_MS = 8_000;

/** Waits for a condition, and answers what it became; fails with `what` when it does not. */
export async function until<T>(what: string, condition: () => T | undefined | false): Promise<T> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const value = condition();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await pause(2);
  }
}
