import { setTimeout as delay } from "node:timers/promises";

const PAUSE_MS = 20;

/**
 * Asks until the answer is something, and resolves with it. Rejects after `timeoutMs`, with the last error if any.
 * It rests longer than an answer takes: where that is long, asking must not be what all else waits for.
 */
export async function eventually<T>(
  what: string | (() => string),
  ask: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < deadline) {
    const asked = performance.now();
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    await delay(Math.max(PAUSE_MS, 2 * (performance.now() - asked)));
  }
  throw new Error(`waited ${timeoutMs / 1000} s in vain for ${typeof what === "string" ? what : what()}`, {
    cause: last,
  });
}
