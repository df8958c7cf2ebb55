import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 20;

export interface Patience {
  /** How long nothing may change. */
  readonly quietMs: number;
  /** How long it may take in all. */
  readonly mostMs: number;
}

/** Resolves with true once `done` says so, or with whether it does when the patience is at its end. */
export async function doneOrQuiet(
  done: () => boolean,
  progress: () => number,
  { quietMs, mostMs }: Patience,
): Promise<boolean> {
  const startedAt = performance.now();
  let last = progress();
  let changedAt = startedAt;
  while (!done()) {
    await delay(POLL_MS);
    const now = performance.now();
    if (progress() !== last) [last, changedAt] = [progress(), now];
    else if (now - changedAt > quietMs) return done();
    if (now - startedAt > mostMs) return done();
  }
  return true;
}
