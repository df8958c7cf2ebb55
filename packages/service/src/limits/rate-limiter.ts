import { ChatError } from "@parley/models";
import { type Rate, TokenBucket } from "./token-bucket.ts";

/** Rates of one user (P32): frames, and their bytes. */
export interface RateLimit extends Rate {
  /** Undefined: only frames are limited. */
  readonly bytes?: Rate | undefined;
}

/** A user may send this many seconds' worth of each rate in one burst (P32). */
const BURST_FACTOR = 4;
/** Bytes that each frame of a rate may have on average, unless `RATE_LIMIT_BYTES` says otherwise. */
const BYTES_PER_FRAME = 2_048;

/** Returns the rates of frames and of their bytes, with their bursts. */
export function rateLimitOf(frames: number, bytes = frames * BYTES_PER_FRAME): RateLimit {
  return { ...rateOf(frames), bytes: rateOf(bytes) };
}

function rateOf(perSecond: number): Rate {
  return { perSecond, burst: perSecond * BURST_FACTOR };
}

/** Names of the rates that refuse a frame. */
export type FrameLimit = "frames" | "bytes";

export type RateVerdict =
  | { readonly kind: "pass" }
  /** A rate refuses the frame. The same frame would pass after `retryAfterMs`. */
  | { readonly kind: "limited"; readonly limit: FrameLimit; readonly retryAfterMs: number }
  /** Over ten seconds the user sent more than ten times a rate. The connection is closed. */
  | { readonly kind: "abusive" };

const ABUSE_WINDOW_MS = 10_000;
const ABUSE_FACTOR = 10;
/**
 * The rate of reading is this many times the rate of bytes. So a client over the rate of bytes is read, and gets
 * errors.
 */
const READ_FACTOR = 4;
/** Lower bound of the rate of reading, so that the largest frame takes a fraction of a second. */
const MIN_READ_PER_SECOND = 256 * 1024;
/**
 * Cost of reading the largest frame that P12 permits, overhead included. It bounds the rate of reading if bytes
 * aren't limited.
 */
const MAX_READ_PER_FRAME = 67 * 1024;
/** A gateway reads this many seconds' worth of the rate of reading in one burst. */
const READ_BURST_FACTOR = 2;

const NONE = Number.POSITIVE_INFINITY;
const UNLIMITED: Rate = { perSecond: NONE, burst: NONE };
const PASS: RateVerdict = { kind: "pass" };
const ABUSIVE: RateVerdict = { kind: "abusive" };
const TOO_MANY = {
  frames: "Too many frames in a short time. Slow down.",
  bytes: "Too many bytes in a short time. Slow down.",
} as const satisfies Record<FrameLimit, string>;
const FAR_OVER = "Far too many frames or bytes for ten seconds. Slow down.";

/** Returns the error for a frame that a rate refused. */
export function rateError(verdict: Exclude<RateVerdict, { kind: "pass" }>): ChatError {
  if (verdict.kind === "abusive")
    return new ChatError("rate_limited", { retryAfterMs: ABUSE_WINDOW_MS, message: FAR_OVER });
  const { limit, retryAfterMs } = verdict;
  return new ChatError("rate_limited", { retryAfterMs, message: TOO_MANY[limit] });
}

interface UserLimits {
  readonly frames: Rate;
  readonly bytes: Rate;
  /** Rate of the cost of reading: see read-throttle.ts. */
  readonly reading: Rate;
}

/** One user's buckets, and the count of all attempts within the abuse window. */
class UserRate {
  readonly #limits: UserLimits;
  readonly #frames: TokenBucket;
  readonly #bytes: TokenBucket;
  readonly reading: TokenBucket;
  #windowStart: number;
  #attemptedFrames = 0;
  #attemptedBytes = 0;

  constructor(limits: UserLimits, now: number) {
    this.#limits = limits;
    this.#frames = new TokenBucket(limits.frames, now);
    this.#bytes = new TokenBucket(limits.bytes, now);
    this.reading = new TokenBucket(limits.reading, now);
    this.#windowStart = now;
  }

  take(frames: number, bytes: number, now: number): RateVerdict {
    this.#countAttempt(frames, bytes, now);
    if (this.#isAbusive) return ABUSIVE;
    const frameWait = this.#frames.wait(frames, now);
    const byteWait = this.#bytes.wait(bytes, now);
    if (frameWait > 0 || byteWait > 0) {
      const limit = byteWait > frameWait ? "bytes" : "frames";
      return { kind: "limited", limit, retryAfterMs: Math.max(frameWait, byteWait) };
    }
    this.#frames.take(frames);
    this.#bytes.take(bytes);
    return PASS;
  }

  /** True if the user's buckets behave exactly like new ones. */
  isFresh(now: number): boolean {
    const hasAttempts = this.#attemptedFrames > 0 && now - this.#windowStart < ABUSE_WINDOW_MS;
    return !hasAttempts && this.#frames.isFull(now) && this.#bytes.isFull(now) && this.reading.isFull(now);
  }

  get #isAbusive(): boolean {
    const { frames, bytes } = this.#limits;
    const rates = ABUSE_FACTOR * (ABUSE_WINDOW_MS / 1000);
    return this.#attemptedFrames > rates * frames.perSecond || this.#attemptedBytes > rates * bytes.perSecond;
  }

  #countAttempt(frames: number, bytes: number, now: number): void {
    if (now - this.#windowStart >= ABUSE_WINDOW_MS) {
      this.#windowStart = now;
      this.#attemptedFrames = 0;
      this.#attemptedBytes = 0;
    }
    this.#attemptedFrames += frames;
    this.#attemptedBytes += bytes;
  }
}

/**
 * The rates of all users (P32). All connections of a user to this process share one set of buckets. The set is kept
 * after the last connection has ended, until the buckets are full again. So a user gets no new burst by reconnecting.
 * `forgetIdleUsers` then removes it. Times are ms of any steady clock.
 */
export class RateLimiter {
  readonly #limits: UserLimits;
  readonly #users = new Map<string, UserRate>();
  /**
   * The user looked up last. A frame is charged right after its chunk, so the next lookup is often for the same user.
   */
  #lastUser: string | undefined;
  #lastRate: UserRate | undefined;
  /** False if no rate is limited. Nothing is counted then. */
  readonly isLimited: boolean;

  constructor({ perSecond, burst, bytes = UNLIMITED }: RateLimit) {
    const reading = readingRate(perSecond, bytes.perSecond);
    this.#limits = { frames: { perSecond, burst }, bytes, reading };
    this.isLimited = reading.perSecond < NONE;
  }

  /** Charges a user for one frame of `bytes` bytes that counts as `frames` frames, if the rates permit it. */
  take(user: string, now: number, bytes = 0, frames = 1): RateVerdict {
    return this.isLimited ? this.#rateOf(user, now).take(frames, bytes, now) : PASS;
  }

  /**
   * Charges the user for something that was read, at its `cost`. Returns the time for which nothing more should be
   * read, in ms.
   */
  chargeReading(user: string, cost: number, now: number): number {
    if (!this.isLimited) return 0;
    const { reading } = this.#rateOf(user, now);
    reading.take(cost);
    return reading.wait(0, now);
  }

  /** Returns the time, in ms, for which nothing more should be read from a user. */
  aheadMs(user: string, now: number): number {
    return this.#users.get(user)?.reading.wait(0, now) ?? 0;
  }

  forgetIdleUsers(now: number): void {
    this.#lastUser = undefined;
    this.#lastRate = undefined;
    for (const [user, rate] of this.#users) if (rate.isFresh(now)) this.#users.delete(user);
  }

  get size(): number {
    return this.#users.size;
  }

  #rateOf(user: string, now: number): UserRate {
    if (this.#lastRate && user === this.#lastUser) return this.#lastRate;
    let rate = this.#users.get(user);
    if (!rate) {
      rate = new UserRate(this.#limits, now);
      this.#users.set(user, rate);
    }
    this.#lastUser = user;
    this.#lastRate = rate;
    return rate;
  }
}

/** Returns the rate at which a user is read from. It is unlimited only if neither frames nor bytes are limited. */
function readingRate(framesPerSecond: number, bytesPerSecond: number): Rate {
  const needed = Math.min(READ_FACTOR * bytesPerSecond, MAX_READ_PER_FRAME * framesPerSecond);
  const perSecond = Math.max(MIN_READ_PER_SECOND, needed);
  return { perSecond, burst: READ_BURST_FACTOR * perSecond };
}
