import { sleep } from "./sleep.ts";

/** The wait after the first failure, and the longest wait, in ms. */
export interface BackoffLimits {
  readonly minMs: number;
  readonly maxMs: number;
}

/** After this many doublings every sensible cap is reached, and 2 ** n is still exact. */
const MAX_DOUBLINGS = 30;

/**
 * Returns the wait after failure number `attempt` (from 1), in ms. It doubles with each failure, up to the cap. Half
 * of it is random, so that processes that failed together don't retry together (G5). `random` returns 0 to 1.
 */
export function backoffMs(attempt: number, { minMs, maxMs }: BackoffLimits, random = Math.random): number {
  const full = Math.min(maxMs, minMs * 2 ** Math.min(attempt - 1, MAX_DOUBLINGS));
  return Math.round(full * (0.5 + random() / 2));
}

/** Counts the failures of one loop and waits longer after each. */
export class Backoff {
  readonly #limits: BackoffLimits;
  #failures = 0;

  constructor(limits: BackoffLimits) {
    this.#limits = limits;
  }

  /** Starts again with the shortest wait, after a success. */
  reset(): void {
    this.#failures = 0;
  }

  /** Waits after one more failure. Resolves early when `signal` is aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    this.#failures += 1;
    await sleep(backoffMs(this.#failures, this.#limits), signal);
  }
}
