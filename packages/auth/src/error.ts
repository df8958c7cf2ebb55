/** Codes of the catalogue in models. `unavailable`: the token could not be judged, because no key could be had. */
export type AuthErrorCode = "token_missing" | "token_expired" | "unauthorized" | "unavailable";

/** What was wrong, for an operator's log and metrics. Says nothing of what the token holds. */
export type AuthFailure =
  | "missing"
  | "expired"
  | "malformed"
  | "algorithm"
  | "signature"
  | "unknown_key"
  | "issuer"
  | "audience"
  | "subject"
  | "claims"
  | "not_yet_valid"
  | "keys_unavailable";

const MESSAGES: Record<AuthErrorCode, string> = {
  token_missing: "A token is needed.",
  token_expired: "The token has expired.",
  unauthorized: "The token is not valid here.",
  unavailable: "The token cannot be checked now.",
};

/** The one kind of error that `verify` rejects with. Holds no part of the token, and no cause that might. */
export class AuthError extends Error {
  override readonly name = "AuthError";
  readonly code: AuthErrorCode;
  readonly failure: AuthFailure;
  /** With `unavailable`: when keys are asked for again, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(code: AuthErrorCode, failure: AuthFailure, retryAfterMs?: number) {
    super(MESSAGES[code]);
    this.code = code;
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
  }
}
