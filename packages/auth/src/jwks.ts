import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify, type RemoteJWKSet } from "jose";
import { AuthError } from "./error.ts";
import type { AuthEvent } from "./events.ts";
import { firstThatVerifies } from "./secrets.ts";
import type { TokenCheck } from "./token-check.ts";

/** All in milliseconds. */
export interface JwksLimits {
  /** One fetch, from the request to the last byte. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Between two fetches, whatever came of the first: so nobody makes us flood the issuer. Default 10,000. */
  readonly coolDownMs?: number | undefined;
  /** After this the set is fetched again beside the work. Default 600,000. */
  readonly maxAgeMs?: number | undefined;
  /** After this, without a successful fetch, the known keys are not trusted any more. Default 3,600,000. */
  readonly maxStaleMs?: number | undefined;
}

export interface JwksOptions extends JwksLimits {
  readonly url: string;
  readonly now: () => number;
  readonly observe: (event: AuthEvent) => void;
}

const DEFAULTS = { timeoutMs: 5_000, coolDownMs: 10_000, maxAgeMs: 600_000, maxStaleMs: 3_600_000 };
/** No caller is told to come back sooner. */
const MIN_RETRY_MS = 1_000;

/**
 * Keys of an issuer, fetched when the first token comes (P61). A key that is not among them has the set fetched
 * again, at most once in a cool-down. An issuer that cannot be reached is `unavailable` and never a fault of the
 * token: keys known before go on verifying, and only what cannot be judged without a fetch is turned away.
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
        // A token that names no key, and several of the issuer's that could be meant.
        if (error instanceof errors.JWKSMultipleMatchingKeys)
          return firstThatVerifies(token, error, verifyOptions);
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
    // When to fetch is decided here alone, so jose is told never to do so by itself.
    this.#remote = createRemoteJWKSet(new URL(options.url), {
      timeoutDuration: this.#options.timeoutMs,
      cooldownDuration: Number.POSITIVE_INFINITY,
      cacheMaxAge: Number.POSITIVE_INFINITY,
    });
  }

  /** Rejects with `unavailable` where only a fetch could tell, and with jose's JWKSNoMatchingKey where there is none. */
  async keyFor(...token: Parameters<RemoteJWKSet>): Promise<CryptoKey> {
    const { maxAgeMs, maxStaleMs } = this.#options;
    if (!this.#within(maxStaleMs, this.#fetchedAt)) await this.#refresh();
    else if (!this.#within(maxAgeMs, this.#fetchedAt)) void this.#refresh();
    if (!this.#within(maxStaleMs, this.#fetchedAt)) throw this.#unavailable();
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
    const isTrusted = this.#within(this.#options.maxStaleMs, this.#fetchedAt);
    return this.#failed && !isTrusted ? "the issuer's keys (JWT_JWKS_URL) cannot be fetched" : undefined;
  }

  /** Never rejects. Callers share a fetch that is under way; within the cool-down there is none. */
  #refresh(): Promise<void> {
    if (this.#pending) return this.#pending;
    if (this.#within(this.#options.coolDownMs, this.#attemptedAt)) return Promise.resolve();
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

  /** A clock that was set back counts as time gone by: otherwise nothing would be fetched until it caught up. */
  #within(ms: number, at: number | undefined): boolean {
    const since = at === undefined ? Number.POSITIVE_INFINITY : this.#options.now() - at;
    return since >= 0 && since < ms;
  }

  #unavailable(): AuthError {
    const { coolDownMs, now } = this.#options;
    const waited = Math.max(0, now() - (this.#attemptedAt ?? now()));
    return new AuthError("unavailable", "keys_unavailable", Math.max(MIN_RETRY_MS, coolDownMs - waited));
  }
}

/** A reason for a log: never a body. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWKSTimeout) return "timeout";
  if (error instanceof errors.JOSEError) return error.message;
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && "code" in cause) return String(cause.code);
  return error instanceof Error ? error.name : "unknown";
}
