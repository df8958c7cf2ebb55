import { ParleyError } from "../errors.ts";
import { pause } from "../timing/sleep.ts";

/** A token this close to its end is renewed rather than used, in ms. */
const MARGIN_MS = 30_000;
/** However short a token's life, it is not asked for more often, in ms. */
const LEAST_MS = 1_000;
/** What both a header and a subprotocol can hold; a JWT is made of less. */
const SENDABLE = /^[\w.~+-]+$/;

/**
 * The application's `token()`, asked only when what it gave last is about to end or was refused, and once for many
 * who want one. A token that does not say when it ends is kept for half a minute; so is one that seems to have ended
 * before it came, since then this machine's clock is more likely wrong than the token, and the server is to judge.
 */
export class Tokens {
  readonly #fetch: () => Promise<string>;
  readonly #timeoutMs: number;
  readonly #closing: AbortSignal;
  #current: { readonly token: string; readonly renewAt: number } | undefined;
  #pending: Promise<string> | undefined;

  constructor(fetch: () => Promise<string>, timeoutMs: number, closing: AbortSignal) {
    this.#fetch = fetch;
    this.#timeoutMs = timeoutMs;
    this.#closing = closing;
  }

  /** Rejects with `token_failed`. */
  async get(): Promise<string> {
    if (this.#current && Date.now() < this.#current.renewAt) return this.#current.token;
    this.#pending ??= this.#renew().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** The server does not take this one (any more): it is not given again. */
  refused(token: string): void {
    if (this.#current?.token === token) this.#current = undefined;
  }

  /** When the present token should be replaced, in ms since 1970. */
  get renewAt(): number {
    return this.#current?.renewAt ?? Date.now();
  }

  async #renew(): Promise<string> {
    const token = await this.#fetchInTime();
    const now = Date.now();
    const life = (expiryOf(token) ?? now) - now;
    // A short-lived token is used for four fifths of its life.
    const use = life > 0 ? life - Math.min(MARGIN_MS, life / 5) : MARGIN_MS;
    this.#current = { token, renewAt: now + Math.max(use, LEAST_MS) };
    return token;
  }

  async #fetchInTime(): Promise<string> {
    const over = new AbortController();
    const late = pause(this.#timeoutMs, AbortSignal.any([this.#closing, over.signal]));
    try {
      const token: unknown = await Promise.race([this.#fetch(), late]);
      if (typeof token === "string" && SENDABLE.test(token)) return token;
    } catch (cause) {
      throw new ParleyError("token_failed", "token() failed.", { temporary: true, cause });
    } finally {
      over.abort();
    }
    throw new ParleyError("token_failed", "token() took too long or gave no token.", { temporary: true });
  }
}

/**
 * When a JWT ends, in ms since 1970, or undefined where it does not say or is none. Nothing is verified: that is
 * the server's task; the SDK only wants to renew in time (P6).
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
