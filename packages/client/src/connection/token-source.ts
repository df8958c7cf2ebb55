import { ParleyError } from "../errors.ts";
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
  #current: { readonly token: string; readonly renewAt: number } | undefined;
  #pending: Promise<string> | undefined;

  constructor(options: TokenSourceOptions) {
    this.#options = options;
  }

  /** Returns a token that is still valid for a while. Rejects with `token_failed`. */
  async get(): Promise<string> {
    if (this.#current && Date.now() < this.#current.renewAt) return this.#current.token;
    this.#pending ??= this.#renew().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** Drops a token that the server rejected, so that the next `get` fetches another one. */
  invalidate(token: string): void {
    if (this.#current?.token === token) this.#current = undefined;
  }

  /** The time at which the current token should be replaced, in ms since 1970. */
  get renewAt(): number {
    return this.#current?.renewAt ?? Date.now();
  }

  async #renew(): Promise<string> {
    const token = await this.#fetchInTime();
    const now = Date.now();
    const lifeMs = (expiryOf(token) ?? now) - now;
    const useMs = lifeMs > 0 ? lifeMs - Math.min(RENEWAL_MARGIN_MS, lifeMs / 5) : RENEWAL_MARGIN_MS;
    this.#current = { token, renewAt: now + Math.max(useMs, MIN_USE_MS) };
    return token;
  }

  async #fetchInTime(): Promise<string> {
    const { fetchToken, timeoutMs, closing } = this.#options;
    const settled = new AbortController();
    const timeout = sleep(timeoutMs, AbortSignal.any([closing, settled.signal]));
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
 * Returns the expiry of a JWT in ms since 1970, or undefined if it has none or isn't a JWT. Nothing is verified: the
 * server does that, and the SDK only needs to renew in time (P6).
 */
function expiryOf(token: string): number | undefined {
  const payload = token.split(".")[1];
  if (payload === undefined) return undefined;
  try {
    const { exp }: { exp?: unknown } = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    return typeof exp === "number" ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
