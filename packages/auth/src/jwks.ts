import { FairPool, raceAbort } from "@parley/async";
import { decodeProtectedHeader, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { AuthError } from "./error.ts";
import type { AuthEvent } from "./events.ts";
import { fetchKeySet, type KeyLookup, KeySetError } from "./key-set.ts";
import { verifyWithAny } from "./secrets.ts";
import type { KeyFetch, TokenCheck, TokenSource } from "./token-check.ts";

/** Time limits for an issuer's key set, in ms. */
export interface JwksLimits {
  /** Maximum time of a fetch, from the request to the last byte. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Minimum time between two fetches, so that bad tokens can't flood the issuer (G5). Default 10,000. */
  readonly coolDownMs?: number | undefined;
  /** Age of the last successful fetch at which the set is fetched again in the background. Default 600,000. */
  readonly maxAgeMs?: number | undefined;
  /** Age of the last successful fetch at which its keys are no longer trusted. Default 3,600,000. */
  readonly maxStaleMs?: number | undefined;
}

/** Options of `checkWithJwks`. */
export interface JwksOptions extends JwksLimits {
  readonly url: string;
  /** The maximum number of tokens that wait for a fetch at the same time. */
  readonly maxWaiting: number;
  /** The maximum number of tokens of one share that wait for a fetch at the same time. */
  readonly maxWaitingPerShare: number;
  /** A monotonic clock in ms. */
  readonly now: () => number;
  readonly observe: (event: AuthEvent) => void;
}

const DEFAULTS = { timeoutMs: 5_000, coolDownMs: 10_000, maxAgeMs: 600_000, maxStaleMs: 3_600_000 };
/** Minimum `retryAfterMs` of an error. */
const MIN_RETRY_MS = 1_000;
const ALGORITHMS = ["RS256", "ES256", "EdDSA"];

/**
 * Verifies signatures with an issuer's keys, which are fetched when the first token arrives (P61). A token with an
 * unknown key causes another fetch, at most once per cool-down. If the issuer can't be reached, known keys still
 * verify tokens until they are too old. Tokens that can't be verified without a fetch get `unavailable`, never
 * `unauthorized`.
 *
 * A token that waits for a fetch has none of the limited places for verifications. So tokens with unknown keys don't keep
 * tokens with known keys from being verified (G5).
 */
export function checkWithJwks(options: JwksOptions): TokenCheck {
  const keys = new KeySet(options);
  const keyFor: JWTVerifyGetKey<CryptoKey> = (header, token) => keys.keyFor(header, token);
  return {
    algorithms: ALGORITHMS,
    problem: () => keys.problem(),
    fetchFor: async (token) => keys.fetchFor(headerOf(token)),
    async claims(token, verifyOptions) {
      try {
        return (await jwtVerify(token, keyFor, verifyOptions)).payload;
      } catch (error) {
        // The token names no key and several of the issuer's keys match: try each of them.
        if (error instanceof errors.JWKSMultipleMatchingKeys)
          return verifyWithAny(token, error, verifyOptions);
        throw error;
      }
    },
  };
}

type Header = NonNullable<Parameters<KeyLookup>[0]>;

/** Reads a token's header. Throws an AuthError for an algorithm that isn't accepted, before any key is looked up. */
function headerOf(token: string): Header {
  const header = decodeProtectedHeader(token);
  if (header.alg === undefined || !ALGORITHMS.includes(header.alg))
    throw new AuthError("unauthorized", "algorithm");
  return { ...header, alg: header.alg };
}

class KeySet {
  readonly #options: JwksOptions & typeof DEFAULTS;
  /** Counts the tokens that wait for a fetch: each of them has one place. */
  readonly #waiters: FairPool;
  #lookup: KeyLookup | undefined;
  #ids: ReadonlySet<unknown> = new Set();
  #fetchedAt: number | undefined;
  #attemptedAt: number | undefined;
  #failed = false;
  #pending: Promise<void> | undefined;

  constructor({ timeoutMs, coolDownMs, maxAgeMs, maxStaleMs, ...options }: JwksOptions) {
    this.#options = {
      ...options,
      timeoutMs: timeoutMs ?? DEFAULTS.timeoutMs,
      coolDownMs: coolDownMs ?? DEFAULTS.coolDownMs,
      maxAgeMs: maxAgeMs ?? DEFAULTS.maxAgeMs,
      maxStaleMs: maxStaleMs ?? DEFAULTS.maxStaleMs,
    };
    this.#waiters = new FairPool({
      places: options.maxWaiting,
      placesPerKey: options.maxWaitingPerShare,
      waiting: 0,
      waitingPerKey: 0,
    });
  }

  /**
   * Resolves with undefined if a token with this header can be verified now. If its key is unknown, resolves with a fetch.
   * During the cool-down no fetch is possible: then rejects with `unauthorized`, or with `unavailable` if the last fetch
   * failed or no key can be trusted.
   */
  async fetchFor(header: Header): Promise<KeyFetch | undefined> {
    if (this.#isTrusted()) {
      if (!this.#isWithin(this.#options.maxAgeMs, this.#fetchedAt)) void this.#refresh();
      if (await this.#has(header)) return undefined;
    }
    const fetching = this.#refresh();
    if (fetching) return { wait: (source) => this.#wait(fetching, source) };
    if (this.#failed || !this.#isTrusted()) throw this.#unavailable();
    throw new AuthError("unauthorized", "unknown_key");
  }

  /**
   * Returns the key for a token, without waiting for a fetch. Rejects with `unavailable` if the key is unknown and the last
   * fetch failed, and with jose's JWKSNoMatchingKey if the issuer has no such key.
   */
  async keyFor(...token: Parameters<KeyLookup>): Promise<CryptoKey> {
    if (!this.#lookup) throw this.#unavailable();
    try {
      return await this.#lookup(...token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey && this.#failed) throw this.#unavailable();
      throw error;
    }
  }

  problem(): string | undefined {
    const isLost = this.#failed && !this.#isTrusted();
    return isLost ? "the issuer's keys (JWT_JWKS_URL) can't be fetched" : undefined;
  }

  async #has(header: Header): Promise<boolean> {
    // Checked first, because jose's lookup reports an unknown key by an error, which costs far more (G5).
    if (typeof header.kid === "string" && !this.#ids.has(header.kid)) return false;
    try {
      await this.#lookup?.(header);
      return true;
    } catch (error) {
      // A fetch can't help with any other error. The verification handles it.
      return !(error instanceof errors.JWKSNoMatchingKey);
    }
  }

  /** Rejects with `overloaded` if too many tokens wait, and with `unavailable` if no key can be trusted after the fetch. */
  async #wait(fetching: Promise<void>, { share, signal }: TokenSource): Promise<void> {
    const leave = this.#waiters.tryTake(share);
    if (!leave) throw new AuthError("overloaded", "too_many_waiting", MIN_RETRY_MS);
    try {
      await (signal ? raceAbort(fetching, signal) : fetching);
    } finally {
      leave();
    }
    if (!this.#isTrusted()) throw this.#unavailable();
  }

  /**
   * Returns the fetch in flight, or starts one. Returns undefined during the cool-down after the last fetch. All
   * callers share one fetch, which never rejects.
   */
  #refresh(): Promise<void> | undefined {
    if (this.#pending) return this.#pending;
    if (this.#isWithin(this.#options.coolDownMs, this.#attemptedAt)) return undefined;
    this.#attemptedAt = this.#options.now();
    this.#pending = this.#fetch().finally(() => {
      // The cool-down begins again when the fetch ends, so that a slow issuer gets a pause too.
      this.#attemptedAt = this.#options.now();
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #fetch(): Promise<void> {
    const { url, timeoutMs, now, observe } = this.#options;
    const startedAt = now();
    try {
      const { lookup, ids, count } = await fetchKeySet(url, { timeoutMs });
      this.#lookup = lookup;
      this.#ids = ids;
      this.#fetchedAt = now();
      this.#failed = false;
      observe({ type: "jwks-fetched", keys: count, ms: now() - startedAt });
    } catch (error) {
      this.#failed = true;
      observe({ type: "jwks-failed", reason: reasonOf(error), ms: now() - startedAt });
    }
  }

  #isTrusted(): boolean {
    return this.#isWithin(this.#options.maxStaleMs, this.#fetchedAt);
  }

  #isWithin(ms: number, at: number | undefined): boolean {
    return at !== undefined && this.#options.now() - at < ms;
  }

  #unavailable(): AuthError {
    const { coolDownMs, now } = this.#options;
    const waited = now() - (this.#attemptedAt ?? now());
    return new AuthError("unavailable", "keys_unavailable", Math.max(MIN_RETRY_MS, coolDownMs - waited));
  }
}

/** Returns the kind of an error, for a log. Never returns the text of a response. */
function reasonOf(error: unknown): string {
  if (error instanceof KeySetError) return error.message;
  if (error instanceof errors.JOSEError) return error.message;
  if (error instanceof Error && error.name === "TimeoutError") return "timeout";
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && "code" in cause) return String(cause.code);
  return error instanceof Error ? error.name : "unknown";
}
