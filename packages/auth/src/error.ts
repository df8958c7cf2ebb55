/**
 * Codes of the error catalogue. `unavailable`: the token couldn't be verified because no key could be fetched, or because
 * it isn't known which tokens are revoked.
 * `overloaded`: too many tokens wait to be verified.
 */
export type AuthErrorCode =
  | "token_missing"
  | "token_expired"
  | "token_revoked"
  | "user_blocked"
  | "unauthorized"
  | "unavailable"
  | "overloaded";

/** The reasons why a token isn't accepted, for logs and metrics. They reveal nothing of the token. */
export const AUTH_FAILURES = [
  "missing",
  "expired",
  "malformed",
  "algorithm",
  "signature",
  "unknown_key",
  "issuer",
  "audience",
  "subject",
  "claims",
  "not_yet_valid",
  "keys_unavailable",
  "too_many_waiting",
  "revoked",
  "blocked",
  "revocations_unknown",
] as const;
export type AuthFailure = (typeof AUTH_FAILURES)[number];

const MESSAGES: Record<AuthErrorCode, string> = {
  token_missing: "A token is required.",
  token_expired: "The token has expired.",
  token_revoked: "The token was revoked. Get a new one.",
  user_blocked: "This user is blocked.",
  unauthorized: "This isn't a valid token.",
  unavailable: "The token can't be verified now. Retry later.",
  overloaded: "Too many tokens wait to be verified. Retry later.",
};

/**
 * A token wasn't accepted. The error contains no part of the token, and no `cause` that could contain a part of it.
 */
export class AuthError extends Error {
  override readonly name = "AuthError";
  readonly code: AuthErrorCode;
  readonly failure: AuthFailure;
  /** For `unavailable` and `overloaded`: the time after which a retry makes sense, in ms. */
  readonly retryAfterMs: number | undefined;

  constructor(code: AuthErrorCode, failure: AuthFailure, retryAfterMs?: number) {
    super(MESSAGES[code]);
    this.code = code;
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
  }
}
