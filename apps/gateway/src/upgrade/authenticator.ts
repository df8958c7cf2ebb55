import { AuthError, type Identity, type Verifier } from "@parley/auth";
import { ChatError } from "@parley/models";

/** How many tokens are verified at the same time: more would only queue for the same cores. */
const AT_ONCE = 32;
/** How many may wait for that. */
const MAX_WAITING = 20_000;
const RETRY_AFTER_MS = 1_000;

/** Verifies tokens, a bounded number at a time (G5): a storm of handshakes must not starve those who are connected. */
export class Verifications {
  readonly #verifier: Verifier;
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  /**
   * Rejects with a ChatError: `token_missing`, `token_expired` or `unauthorized`; `unavailable` where the issuer's
   * keys cannot be had; `overloaded` where too many wait.
   */
  async verify(token: string | undefined): Promise<Identity> {
    if (token === undefined) throw new ChatError("token_missing");
    await this.#turn();
    try {
      return await this.#verifier.verify(token);
    } catch (error) {
      throw chatErrorFrom(error);
    } finally {
      this.#next();
    }
  }

  #turn(): Promise<void> {
    if (this.#underWay < AT_ONCE) {
      this.#underWay += 1;
      return Promise.resolve();
    }
    if (this.#waiting.length >= MAX_WAITING)
      return Promise.reject(new ChatError("overloaded", { retryAfterMs: RETRY_AFTER_MS }));
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Whose turn has ended hands it on. */
  #next(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#underWay -= 1;
  }
}

function chatErrorFrom(error: unknown): ChatError {
  if (!(error instanceof AuthError)) return new ChatError("internal", { cause: error });
  const { retryAfterMs } = error;
  return new ChatError(error.code, retryAfterMs === undefined ? {} : { retryAfterMs });
}
