import { FairPool, PoolFull } from "@parley/async";
import { AuthError } from "./error.ts";
import type { TokenSource } from "./token-check.ts";

/** The maximum number of tokens that are verified at the same time. More would only compete for the same cores. */
const PLACES = 32;
/**
 * The maximum number of verifications of one share at the same time. A verification that fails without waiting for a
 * thread keeps its place for one iteration of the event loop, so this is also the number of such failures in between
 * two frames of other users.
 */
const PLACES_PER_SHARE = 2;
const RETRY_AFTER_MS = 1_000;

/** Limits for tokens that wait to be verified. */
export interface WaitingLimits {
  readonly maxWaiting: number;
  readonly maxWaitingPerShare: number;
}

/**
 * Runs a bounded number of verifications at a time, and serves the shares in turn (G5). A share is the tokens of one
 * party. So a party with thousands of bad tokens neither starves the event loop nor makes others wait for more than a
 * turn.
 */
export class VerificationTurns {
  readonly #pool: FairPool;

  constructor({ maxWaiting, maxWaitingPerShare }: WaitingLimits) {
    this.#pool = new FairPool({
      places: PLACES,
      placesPerKey: PLACES_PER_SHARE,
      waiting: maxWaiting,
      waitingPerKey: maxWaitingPerShare,
    });
  }

  get waiting(): number {
    return this.#pool.waiting;
  }

  /** Runs `work` in the turn of its share. Rejects as `work` does, with `overloaded`, or with the signal's reason. */
  async run<T>({ share, signal }: TokenSource, work: () => Promise<T>): Promise<T> {
    const release = await this.#pool.take(share, signal).catch((error: unknown) => {
      if (!(error instanceof PoolFull)) throw error;
      throw new AuthError("overloaded", "too_many_waiting", RETRY_AFTER_MS);
    });
    try {
      return await work();
    } finally {
      // Frees the place in the next turn of the event loop. Many tokens fail without waiting for anything, and a
      // chain of such failures would keep the event loop from serving sockets.
      setImmediate(release);
    }
  }
}
