export interface BackoffOptions {
  /** The upper bound of the wait before attempt 0, in ms. */
  readonly baseMs: number;
  /** The upper bound of every wait, in ms. */
  readonly maxMs: number;
}

/**
 * Returns the wait before attempt number `attempt` (from 0), in ms: a random part of `baseMs × 2^attempt`, capped at
 * `maxMs`. The full jitter keeps clients that lost the same server from reconnecting at the same time. `random`
 * returns 0 to 1.
 */
export function backoff(
  attempt: number,
  { baseMs, maxMs }: BackoffOptions,
  random: () => number = Math.random,
): number {
  return Math.round(random() * Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30)));
}
