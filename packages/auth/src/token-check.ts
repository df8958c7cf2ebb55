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

/** A fetch of keys that tokens wait for. */
export interface KeyFetch {
  /** Resolves when the fetch has ended and keys can be trusted. Rejects with an AuthError, or the reason of the signal. */
  wait(source: TokenSource): Promise<void>;
}

/** Verifies tokens with one kind of key. */
export interface TokenCheck {
  /** The accepted signature algorithms. */
  readonly algorithms: readonly string[];
  /**
   * Resolves with undefined if the token can be checked at once, or else with the fetch of keys to wait for. Rejects with an
   * error of jose or an AuthError.
   */
  fetchFor?(token: string): Promise<KeyFetch | undefined>;
  /** Returns the claims of a valid token, without waiting for keys. Rejects with an error of jose or an AuthError. */
  claims(token: string, options: JWTVerifyOptions): Promise<JWTPayload>;
  /** See `Verifier.problem`. */
  problem(): string | undefined;
}
