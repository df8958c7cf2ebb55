import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 20;

/** Resolves with true once `done` says so, or with false when `progress` has not changed for `quietMs`. */
export async function doneOrQuiet(
  done: () => boolean,
  progress: () => number,
  quietMs: number,
): Promise<boolean> {
  let last = progress();
  let changedAt = performance.now();
  while (!done()) {
    await delay(POLL_MS);
    const now = progress();
    if (now !== last) [last, changedAt] = [now, performance.now()];
    else if (performance.now() - changedAt > quietMs) return done();
  }
  return true;
}
