/** Frames per user (P32). Infinity is no limit. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

export type RateVerdict =
  | { readonly kind: "pass" }
  /** Trying again helps after this time, in ms. */
  | { readonly kind: "limited"; readonly retryAfterMs: number }
  /** Ten times the rate over ten seconds: no longer a mistake. */
  | { readonly kind: "abusive" };

const ABUSE_WINDOW_MS = 10_000;
const ABUSE_FACTOR = 10;
/** A token, but for what sums of fractions lose. */
const NEARLY_ONE = 1 - 1e-9;
const PASS: RateVerdict = { kind: "pass" };
const ABUSIVE: RateVerdict = { kind: "abusive" };

/** A token bucket, and a count of everything tried within the abuse window. Times in ms of any steady clock. */
export class Bucket {
  readonly #limit: RateLimit;
  #tokens: number;
  #at: number;
  #windowStart: number;
  #tried = 0;

  constructor(limit: RateLimit, now: number) {
    this.#limit = limit;
    this.#tokens = limit.burst;
    this.#at = now;
    this.#windowStart = now;
  }

  take(now: number): RateVerdict {
    this.#count(now);
    this.#refill(now);
    if (this.#tried > ABUSE_FACTOR * this.#limit.perSecond * (ABUSE_WINDOW_MS / 1000)) return ABUSIVE;
    if (this.#tokens < NEARLY_ONE) {
      return {
        kind: "limited",
        retryAfterMs: Math.ceil(((1 - this.#tokens) / this.#limit.perSecond) * 1000),
      };
    }
    this.#tokens -= 1;
    return PASS;
  }

  /** Whether it would act just as a new one. */
  isFresh(now: number): boolean {
    this.#refill(now);
    return this.#tokens >= this.#limit.burst && now - this.#windowStart >= ABUSE_WINDOW_MS;
  }

  #count(now: number): void {
    if (now - this.#windowStart >= ABUSE_WINDOW_MS) {
      this.#windowStart = now;
      this.#tried = 0;
    }
    this.#tried += 1;
  }

  #refill(now: number): void {
    const gained = (Math.max(0, now - this.#at) / 1000) * this.#limit.perSecond;
    this.#tokens = Math.min(this.#limit.burst, this.#tokens + gained);
    this.#at = Math.max(this.#at, now);
  }
}

/**
 * One bucket a user, over all its connections here. A bucket outlives the connections until it is full again, so
 * that connecting anew gives no new burst; `sweep` then forgets it.
 */
export class RateLimits {
  readonly #limit: RateLimit;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  take(user: string, now: number): RateVerdict {
    if (this.#limit.perSecond === Number.POSITIVE_INFINITY) return PASS;
    let bucket = this.#buckets.get(user);
    if (!bucket) {
      bucket = new Bucket(this.#limit, now);
      this.#buckets.set(user, bucket);
    }
    return bucket.take(now);
  }

  sweep(now: number): void {
    for (const [user, bucket] of this.#buckets) if (bucket.isFresh(now)) this.#buckets.delete(user);
  }

  get size(): number {
    return this.#buckets.size;
  }
}
