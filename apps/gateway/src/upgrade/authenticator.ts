import { AuthError, type Identity, type Verifier } from "@parley/auth";
import { ChatError } from "@parley/models";

/** Tokens verified at the same time. More would only compete for the same cores. */
const MAX_CONCURRENT = 32;
const MAX_WAITING = 20_000;
const RETRY_AFTER_MS = 1_000;

/**
 * Verifies tokens, a bounded number at a time (G5), so that a storm of handshakes doesn't starve the clients that are
 * already connected.
 */
export class Authenticator {
  readonly #verifier: Verifier;
  #inFlight = 0;
  /** First in, first out. */
  readonly #waiting: (() => void)[] = [];

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  /**
   * Rejects with a ChatError: `token_missing`, `token_expired` or `unauthorized` for the token itself, `unavailable`
   * if the issuer's keys can't be fetched, `overloaded` if too many tokens wait to be verified.
   */
  async verify(token: string | undefined): Promise<Identity> {
    if (token === undefined) throw new ChatError("token_missing");
    await this.#acquire();
    try {
      return await this.#verifier.verify(token);
    } catch (error) {
      throw chatErrorFrom(error);
    } finally {
      this.#release();
    }
  }

  #acquire(): Promise<void> {
    if (this.#inFlight < MAX_CONCURRENT) {
      this.#inFlight += 1;
      return Promise.resolve();
    }
    if (this.#waiting.length >= MAX_WAITING)
      return Promise.reject(new ChatError("overloaded", { retryAfterMs: RETRY_AFTER_MS }));
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Passes the slot to the next caller in line, if there is one. */
  #release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#inFlight -= 1;
  }
}

function chatErrorFrom(error: unknown): ChatError {
  if (!(error instanceof AuthError)) return new ChatError("internal", { cause: error });
  const { retryAfterMs } = error;
  return new ChatError(error.code, retryAfterMs === undefined ? {} : { retryAfterMs });
}
