import { AuthError, type Identity, type JudgingVerifier, type RevocationJudge } from "@parley/auth";
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
  readonly #verifier: JudgingVerifier;
  readonly #judge: RevocationJudge;

  constructor(verifier: JudgingVerifier) {
    this.#verifier = verifier;
    this.#judge = verifier.judge;
  }

  /**
   * Rejects with a ChatError: `token_missing`, `token_expired` or `unauthorized` for the token itself, `token_revoked`, or
   * `user_blocked` (P65). `unavailable` if the issuer's keys or the revocations can't be read, `overloaded` if too many tokens wait to be verified. If `signal` is
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

  /**
   * Judges a verified token once more, by what is known now. Call this without an `await` before the token takes effect,
   * because the revocations may have changed since the verification (L26).
   */
  assertNotRevoked(identity: Identity): void {
    const refusal = this.#judge.refusalOf(identity);
    if (refusal) throw chatErrorFrom(refusal);
  }

  /** Does the same after a wait that may have taken seconds. Rejects with `unavailable` if the revocations can't be read. */
  async assertStillAccepted(identity: Identity): Promise<void> {
    await this.#judge.assertAccepted(identity).catch((error: unknown) => Promise.reject(chatErrorFrom(error)));
  }

  /** Throws `user_blocked` if a user may not send, not even through a service (P62, P65). */
  assertNotBlocked(user: string): void {
    if (this.#judge.isBlocked(user)) throw new ChatError("user_blocked");
  }
}

function chatErrorFrom(error: unknown): ChatError {
  if (!(error instanceof AuthError)) return new ChatError("internal", { cause: error });
  return new ChatError(error.code, { retryAfterMs: error.retryAfterMs });
}
