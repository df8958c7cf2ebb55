/** Rate of a user's frames (P32). Infinity turns the limit off. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

export type RateVerdict =
  | { readonly kind: "pass" }
  /** One frame passes after this time, in ms. */
  | { readonly kind: "limited"; readonly retryAfterMs: number }
  /** Ten times the rate over ten seconds: the connection is closed. */
  | { readonly kind: "abusive" };

const ABUSE_WINDOW_MS = 10_000;
const ABUSE_FACTOR = 10;
/** One token, less the rounding error of adding fractions. */
const NEARLY_ONE = 1 - 1e-9;
const PASS: RateVerdict = { kind: "pass" };
const ABUSIVE: RateVerdict = { kind: "abusive" };

/** A token bucket that also counts all attempts within the abuse window. Times are ms of any steady clock. */
export class TokenBucket {
  readonly #limit: RateLimit;
  #tokens: number;
  #refilledAt: number;
  #windowStart: number;
  #attempts = 0;

  constructor(limit: RateLimit, now: number) {
    this.#limit = limit;
    this.#tokens = limit.burst;
    this.#refilledAt = now;
    this.#windowStart = now;
  }

  take(now: number): RateVerdict {
    this.#countAttempt(now);
    this.#refill(now);
    if (this.#attempts > ABUSE_FACTOR * this.#limit.perSecond * (ABUSE_WINDOW_MS / 1000)) return ABUSIVE;
    if (this.#tokens < NEARLY_ONE) {
      return {
        kind: "limited",
        retryAfterMs: Math.ceil(((1 - this.#tokens) / this.#limit.perSecond) * 1000),
      };
    }
    this.#tokens -= 1;
    return PASS;
  }

  /** True if the bucket behaves exactly like a new one. */
  isFresh(now: number): boolean {
    this.#refill(now);
    return this.#tokens >= this.#limit.burst && now - this.#windowStart >= ABUSE_WINDOW_MS;
  }

  #countAttempt(now: number): void {
    if (now - this.#windowStart >= ABUSE_WINDOW_MS) {
      this.#windowStart = now;
      this.#attempts = 0;
    }
    this.#attempts += 1;
  }

  #refill(now: number): void {
    const gained = (Math.max(0, now - this.#refilledAt) / 1000) * this.#limit.perSecond;
    this.#tokens = Math.min(this.#limit.burst, this.#tokens + gained);
    this.#refilledAt = Math.max(this.#refilledAt, now);
  }
}

/**
 * One bucket per user, shared by all connections of the user to this gateway. A bucket outlives the connections until
 * it is full again, so that a user gets no new burst by reconnecting. `forgetIdleUsers` then removes it.
 */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  take(user: string, now: number): RateVerdict {
    if (this.#limit.perSecond === Number.POSITIVE_INFINITY) return PASS;
    let bucket = this.#buckets.get(user);
    if (!bucket) {
      bucket = new TokenBucket(this.#limit, now);
      this.#buckets.set(user, bucket);
    }
    return bucket.take(now);
  }

  forgetIdleUsers(now: number): void {
    for (const [user, bucket] of this.#buckets) if (bucket.isFresh(now)) this.#buckets.delete(user);
  }

  get size(): number {
    return this.#buckets.size;
  }
}
