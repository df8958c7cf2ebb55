import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify, type RemoteJWKSet } from "jose";
import { AuthError } from "./error.ts";
import type { AuthEvent } from "./events.ts";
import { verifyWithAny } from "./secrets.ts";
import type { TokenCheck } from "./token-check.ts";

/** Time limits for an issuer's key set, in ms. */
export interface JwksLimits {
  /** Maximum time of a fetch, from the request to the last byte. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Minimum time between two fetches, so that bad tokens can't flood the issuer (G5). Default 10,000. */
  readonly coolDownMs?: number | undefined;
  /** Age at which the set is fetched again in the background. Default 600,000. */
  readonly maxAgeMs?: number | undefined;
  /** Age at which known keys are no longer trusted without a successful fetch. Default 3,600,000. */
  readonly maxStaleMs?: number | undefined;
}

/** Options of `checkWithJwks`. */
export interface JwksOptions extends JwksLimits {
  readonly url: string;
  readonly now: () => number;
  readonly observe: (event: AuthEvent) => void;
}

const DEFAULTS = { timeoutMs: 5_000, coolDownMs: 10_000, maxAgeMs: 600_000, maxStaleMs: 3_600_000 };
/** Minimum `retryAfterMs` of an error. */
const MIN_RETRY_MS = 1_000;

/**
 * Verifies signatures with an issuer's keys, which are fetched when the first token arrives (P61). A token with an
 * unknown key makes the set be fetched again, at most once per cool-down. If the issuer can't be reached, known keys
 * still verify tokens until they are too old. Tokens that can't be verified without a fetch get `unavailable`, never
 * `unauthorized`.
 */
export function checkWithJwks(options: JwksOptions): TokenCheck {
  const keys = new KeySet(options);
  const keyFor: JWTVerifyGetKey<CryptoKey> = (header, token) => keys.keyFor(header, token);
  return {
    algorithms: ["RS256", "ES256", "EdDSA"],
    problem: () => keys.problem(),
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

class KeySet {
  readonly #options: JwksOptions & typeof DEFAULTS;
  readonly #remote: RemoteJWKSet;
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
    // Infinite times stop jose from fetching on its own: this class decides when to fetch.
    this.#remote = createRemoteJWKSet(new URL(options.url), {
      timeoutDuration: this.#options.timeoutMs,
      cooldownDuration: Number.POSITIVE_INFINITY,
      cacheMaxAge: Number.POSITIVE_INFINITY,
    });
  }

  /**
   * Returns the key for a token. Rejects with `unavailable` if the key is unknown and the set can't be fetched, and
   * with jose's JWKSNoMatchingKey if the issuer has no such key.
   */
  async keyFor(...token: Parameters<RemoteJWKSet>): Promise<CryptoKey> {
    const { maxAgeMs, maxStaleMs } = this.#options;
    if (!this.#isWithin(maxStaleMs, this.#fetchedAt)) await this.#refresh();
    else if (!this.#isWithin(maxAgeMs, this.#fetchedAt)) void this.#refresh();
    if (!this.#isWithin(maxStaleMs, this.#fetchedAt)) throw this.#unavailable();
    try {
      return await this.#remote(...token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#refresh();
      if (this.#failed) throw this.#unavailable();
      return this.#remote(...token);
    }
  }

  problem(): string | undefined {
    const isTrusted = this.#isWithin(this.#options.maxStaleMs, this.#fetchedAt);
    return this.#failed && !isTrusted ? "the issuer's keys (JWT_JWKS_URL) can't be fetched" : undefined;
  }

  /** Fetches the set, unless the cool-down hasn't passed. Concurrent callers share one fetch. Never rejects. */
  #refresh(): Promise<void> {
    if (this.#pending) return this.#pending;
    if (this.#isWithin(this.#options.coolDownMs, this.#attemptedAt)) return Promise.resolve();
    this.#attemptedAt = this.#options.now();
    this.#pending = this.#fetch().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #fetch(): Promise<void> {
    const { now, observe } = this.#options;
    const startedAt = performance.now();
    try {
      await this.#remote.reload();
      this.#fetchedAt = now();
      this.#failed = false;
      const keys = this.#remote.jwks()?.keys.length ?? 0;
      observe({ type: "jwks-fetched", keys, ms: performance.now() - startedAt });
    } catch (error) {
      this.#failed = true;
      observe({ type: "jwks-failed", reason: reasonOf(error), ms: performance.now() - startedAt });
    }
  }

  /**
   * Tells if less than `ms` has passed since `at`. False if the clock was set back to before `at`: otherwise nothing
   * would be fetched until the clock caught up.
   */
  #isWithin(ms: number, at: number | undefined): boolean {
    const since = at === undefined ? Number.POSITIVE_INFINITY : this.#options.now() - at;
    return since >= 0 && since < ms;
  }

  #unavailable(): AuthError {
    const { coolDownMs, now } = this.#options;
    const waited = Math.max(0, now() - (this.#attemptedAt ?? now()));
    return new AuthError("unavailable", "keys_unavailable", Math.max(MIN_RETRY_MS, coolDownMs - waited));
  }
}

/** Returns the kind of an error for a log, never the text of a response. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWKSTimeout) return "timeout";
  if (error instanceof errors.JOSEError) return error.message;
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && "code" in cause) return String(cause.code);
  return error instanceof Error ? error.name : "unknown";
}
