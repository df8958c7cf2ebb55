import { AuthError } from "../error.ts";
import type { AuthEvent } from "../events.ts";
import type { Identity } from "../identity.ts";
import type { TokenSource } from "../token-check.ts";
import { createVerifier, type Verifier, type VerifierOptions } from "../verifier.ts";

/** What the judge needs to know of revocations (L26). The bus has them. */
export interface RevocationSource {
  /** Returns what is revoked of a user now. `issuedBefore` is in ms since 1970. */
  of(user: string): { readonly issuedBefore?: number; readonly until?: number } | undefined;
  /** Returns false if `of` may be out of date. */
  isCurrent(): boolean;
  /** Makes `of` current. Rejects if that isn't possible now. */
  refresh(): Promise<void>;
}

const RETRY_AFTER_MS = 1_000;

/** Judges tokens that were found valid, by what was revoked since (P65). */
export class RevocationJudge {
  readonly #source: RevocationSource;

  constructor(source: RevocationSource) {
    this.#source = source;
  }

  /**
   * Returns why a token isn't accepted any more, by what is known now: `user_blocked`, which a new token doesn't change, or
   * `token_revoked`. Returns undefined if it is accepted.
   */
  refusalOf({ user, issuedAt }: Pick<Identity, "user" | "issuedAt">): AuthError | undefined {
    const revoked = this.#source.of(user);
    if (revoked?.until !== undefined) return new AuthError("user_blocked", "blocked");
    if (revoked?.issuedBefore !== undefined && issuedAt < revoked.issuedBefore)
      return new AuthError("token_revoked", "revoked");
    return undefined;
  }

  isBlocked(user: string): boolean {
    return this.#source.of(user)?.until !== undefined;
  }

  /** Rejects with `unavailable` if what is known may be out of date, and the log can't be read (L26). */
  async assertCurrent(): Promise<void> {
    if (this.#source.isCurrent()) return;
    await this.#source.refresh().catch(() => {
      throw new AuthError("unavailable", "revocations_unknown", RETRY_AFTER_MS);
    });
  }

  /** Rejects with the reason why a token isn't accepted any more, or with `unavailable` if that can't be known. */
  async assertAccepted(identity: Pick<Identity, "user" | "issuedAt">): Promise<void> {
    await this.assertCurrent();
    const refusal = this.refusalOf(identity);
    if (refusal) throw refusal;
  }
}

/** A verifier whose tokens are judged by a judge. A service takes only such a verifier. */
export interface JudgingVerifier extends Verifier {
  readonly judge: RevocationJudge;
}

/** Creates a verifier that judges by `revocations`. Throws as `createVerifier` does. */
export function createJudgingVerifier(
  options: VerifierOptions,
  revocations: RevocationSource,
): JudgingVerifier {
  return withRevocations(createVerifier(options), revocations, options.observe);
}

/**
 * Returns a verifier that judges each token after `verifier` has found it valid, or has found it in its cache. So a token
 * that was revoked while it was verified is refused.
 */
export function withRevocations(
  verifier: Verifier,
  source: RevocationSource,
  observe: (event: AuthEvent) => void = () => undefined,
): JudgingVerifier {
  const judge = new RevocationJudge(source);
  return {
    judge,
    async verify(token: string | undefined, from?: TokenSource): Promise<Identity> {
      const identity = await verifier.verify(token, from);
      try {
        await judge.assertAccepted(identity);
        return identity;
      } catch (error) {
        if (from?.signal?.aborted) throw from.signal.reason;
        if (error instanceof AuthError) observe({ type: "refused", failure: error.failure });
        throw error;
      }
    },
    problem: () => verifier.problem(),
  };
}
