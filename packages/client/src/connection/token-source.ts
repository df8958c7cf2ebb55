import { ParleyError } from "../errors.ts";
import { clock } from "../timing/clock.ts";
import { sleep } from "../timing/sleep.ts";

/**
 * A token is renewed this long before it expires, in ms. A short-lived token is renewed after four fifths of its
 * life.
 */
const RENEWAL_MARGIN_MS = 30_000;
/** The shortest time between two renewals, in ms, however short the tokens' life. */
const MIN_USE_MS = 1_000;
/** The characters that both an HTTP header and a subprotocol can carry. A JWT uses only some of them. */
const TOKEN_PATTERN = /^[\w.~+-]+$/;

interface CachedToken {
  readonly token: string;
  /** The time for which the token may be used, in ms. */
  readonly useMs: number;
  readonly fetchedAt: number;
  readonly fetchedAtWallTime: number;
}

export interface TokenSourceOptions {
  /** The application's option `token`. */
  readonly fetchToken: () => Promise<string>;
  /** The time that one call of `fetchToken` may take, in ms. */
  readonly timeoutMs: number;
  /** Aborted when the client is closed. */
  readonly closing: AbortSignal;
}

/**
 * Caches the application's token until it is about to expire or the server rejects it. Concurrent callers share one
 * call of `fetchToken`.
 *
 * A token without a readable expiry is kept for 30 s. The same holds for a token that seems to have expired already:
 * this machine's clock is more likely wrong than the token, so the server decides.
 */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  #current: CachedToken | undefined;
  #pending: Promise<string> | undefined;

  constructor(options: TokenSourceOptions) {
    this.#options = options;
  }

  /** Returns a token that is still valid for a while. Rejects with `token_failed`. */
  async get(): Promise<string> {
    if (this.#current && this.renewInMs > 0) return this.#current.token;
    this.#pending ??= this.#renew().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** Drops a token that the server rejected, so that the next `get` fetches another one. Default: the current one. */
  invalidate(token = this.#current?.token): void {
    if (this.#current?.token === token) this.#current = undefined;
  }

  /**
   * The time after which the current token should be replaced, in ms. The longer of both clocks' times counts as the
   * token's use: the monotonic clock may have stood still while the machine slept. If the wall clock was set instead,
   * a token is fetched early, once.
   */
  get renewInMs(): number {
    if (!this.#current) return 0;
    const { useMs, fetchedAt, fetchedAtWallTime } = this.#current;
    return useMs - Math.max(clock.now() - fetchedAt, clock.wallTime() - fetchedAtWallTime);
  }

  async #renew(): Promise<string> {
    const token = await this.#fetchInTime();
    const now = clock.wallTime();
    const lifeMs = lifeOf(token, now) ?? 0;
    const useMs = lifeMs > 0 ? lifeMs - Math.min(RENEWAL_MARGIN_MS, lifeMs / 5) : RENEWAL_MARGIN_MS;
    this.#current = {
      token,
      useMs: Math.max(useMs, MIN_USE_MS),
      fetchedAt: clock.now(),
      fetchedAtWallTime: now,
    };
    return token;
  }

  async #fetchInTime(): Promise<string> {
    const { fetchToken, timeoutMs, closing } = this.#options;
    const settled = new AbortController();
    const timeout = sleep(timeoutMs, closing, settled.signal);
    try {
      const token: unknown = await Promise.race([fetchToken(), timeout]);
      if (typeof token === "string" && TOKEN_PATTERN.test(token)) return token;
    } catch (cause) {
      throw new ParleyError("token_failed", "The option token() threw an error.", { temporary: true, cause });
    } finally {
      settled.abort();
    }
    throw new ParleyError("token_failed", "The option token() took too long or didn't return a token.", {
      temporary: true,
    });
  }
}

/**
 * Returns the remaining life of a JWT in ms, or undefined if it has no expiry or isn't a JWT. It is never longer than
 * the life that the issuer gave it, so a clock that is behind doesn't make a token last longer. Nothing is verified:
 * the server does that, and the SDK only needs to renew in time (P6).
 */
function lifeOf(token: string, now: number): number | undefined {
  const payload = token.split(".")[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    const { exp, iat } = claims as { exp?: unknown; iat?: unknown };
    if (typeof exp !== "number") return undefined;
    const wholeLifeMs = typeof iat === "number" ? (exp - iat) * 1000 : Number.POSITIVE_INFINITY;
    return Math.min(exp * 1000 - now, wholeLifeMs);
  } catch {
    return undefined;
  }
}
