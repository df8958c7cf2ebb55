import { AuthError, type Identity, type Verifier } from "@parley/auth";
import { ChatError } from "@parley/models";

/**
 * The address or user that a verification counts for. All of them are served in turn, each within its own limit (G5).
 */
export interface TokenOrigin {
  /** The address of a handshake. */
  readonly address?: string;
  /** The user of an open connection that renews its token. */
  readonly user?: string;
  /** Aborted when nobody waits for the result any more. */
  readonly signal?: AbortSignal | undefined;
}

/** Verifies tokens for the gateway. Translates the verifier's errors into ChatErrors. */
export class Authenticator {
  readonly #verifier: Verifier;

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  /**
   * Rejects with a ChatError: `token_missing`, `token_expired` or `unauthorized` for the token itself, `unavailable`
   * if the issuer's keys can't be fetched, `overloaded` if too many tokens wait to be verified. If `signal` is
   * aborted, rejects with its reason.
   */
  async verify(token: string | undefined, { address, user, signal }: TokenOrigin): Promise<Identity> {
    const share = user === undefined ? `address ${address}` : `user ${user}`;
    try {
      return await this.#verifier.verify(token, { share, signal });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw chatErrorFrom(error);
    }
  }
}

function chatErrorFrom(error: unknown): ChatError {
  if (!(error instanceof AuthError)) return new ChatError("internal", { cause: error });
  return new ChatError(error.code, { retryAfterMs: error.retryAfterMs });
}
