import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 20;

/** Time limits for waiting, in ms. */
export interface WaitLimits {
  /** Gives up after this long without progress. */
  readonly quietMs: number;
  /** Gives up after this long in all. */
  readonly maxMs: number;
}

/** Waits until `isDone` returns true or a limit is reached. Resolves with the last result of `isDone`. */
export async function waitUntilDone(
  isDone: () => boolean,
  progress: () => number,
  { quietMs, maxMs }: WaitLimits,
): Promise<boolean> {
  const startedAt = performance.now();
  let last = progress();
  let changedAt = startedAt;
  while (!isDone()) {
    await delay(POLL_MS);
    const now = performance.now();
    if (progress() !== last) [last, changedAt] = [progress(), now];
    else if (now - changedAt > quietMs) return isDone();
    if (now - startedAt > maxMs) return isDone();
  }
  return true;
}
