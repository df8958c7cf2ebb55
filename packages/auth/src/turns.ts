import { FairPool, PoolFull } from "@parley/async";
import { AuthError } from "./error.ts";
import type { TokenSource } from "./token-check.ts";

/** Tokens verified at the same time. More would only compete for the same cores. */
const PLACES = 32;
/** Tokens of one share verified at the same time. Enough to keep Node's four threads busy. */
const PLACES_PER_SHARE = 8;
const RETRY_AFTER_MS = 1_000;

/** Limits for tokens that wait to be verified. */
export interface WaitingLimits {
  readonly maxWaiting: number;
  readonly maxWaitingPerShare: number;
}

/**
 * Lets a bounded number of verifications run at a time, in turn among shares (G5). So a party with thousands of bad tokens
 * neither starves the event loop nor makes others wait for more than a turn.
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

  /** Runs `work` in its turn. Rejects as `work` does, with `overloaded`, or with the signal's reason. */
  async run<T>({ share, signal }: TokenSource, work: () => Promise<T>): Promise<T> {
    const release = await this.#pool.take(share, signal).catch((error: unknown) => {
      if (!(error instanceof PoolFull)) throw error;
      throw new AuthError("overloaded", "too_many_waiting", RETRY_AFTER_MS);
    });
    try {
      return await work();
    } finally {
      // Frees the place in the next turn of the event loop. Many tokens fail without waiting for anything, and a chain of
      // those would keep sockets from being served.
      setImmediate(release);
    }
  }
}
