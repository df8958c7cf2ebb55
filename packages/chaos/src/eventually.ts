import { setTimeout as delay } from "node:timers/promises";

/** Asks until the answer is something, and resolves with it. Rejects after `timeoutMs`, with the last error if any. */
export async function eventually<T>(
  what: string | (() => string),
  ask: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    await delay(20);
  }
  throw new Error(`waited ${timeoutMs / 1000} s in vain for ${typeof what === "string" ? what : what()}`, {
    cause: last,
  });
}
