/**
 * How long to wait before try number `attempt` (from 0), in ms: full jitter, so that clients that lost the same
 * server do not come back together. `random` gives 0 to 1.
 */
export function backoff(
  attempt: number,
  { baseMs, maxMs }: { readonly baseMs: number; readonly maxMs: number },
  random: () => number = Math.random,
): number {
  return Math.round(random() * Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30)));
}
