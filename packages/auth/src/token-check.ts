import type { JWTPayload, JWTVerifyOptions } from "jose";

/** The party that a token comes from. Parties are served in turn, so that none delays the others for long (G5). */
export interface TokenSource {
  /**
   * The party's name, such as an address or a user. All tokens with the same name form one share with its own limits
   * (G5).
   */
  readonly share: string;
  /** Aborted when nobody waits for the result any more. */
  readonly signal?: AbortSignal | undefined;
}

/** Verifies tokens with one kind of key. */
export interface TokenCheck {
  /** The accepted signature algorithms. */
  readonly algorithms: readonly string[];
  /**
   * Resolves when the token can be checked at once. Waits for keys if necessary. Rejects with an error of jose, an
   * AuthError, or the reason of the signal.
   */
  prepare?(token: string, source: TokenSource): Promise<void>;
  /** Returns the claims of a valid token, without waiting for keys. Rejects with an error of jose or an AuthError. */
  claims(token: string, options: JWTVerifyOptions): Promise<JWTPayload>;
  /** See `Verifier.problem`. */
  problem(): string | undefined;
}
