import type { JWTPayload, JWTVerifyOptions } from "jose";

/** Verifies tokens with one kind of key. */
export interface TokenCheck {
  /** The accepted signature algorithms. */
  readonly algorithms: readonly string[];
  /** Returns the claims of a valid token. Rejects with an error of jose or an AuthError. */
  claims(token: string, options: JWTVerifyOptions): Promise<JWTPayload>;
  /** See `Verifier.problem`. */
  problem(): string | undefined;
}
