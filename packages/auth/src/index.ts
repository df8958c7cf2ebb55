export { AUTH_FAILURES, AuthError, type AuthErrorCode, type AuthFailure } from "./error.ts";
export type { AuthEvent } from "./events.ts";
export { type Identity, SCOPES } from "./identity.ts";
export { type IssueOptions, issueToken } from "./issue.ts";
export type { JwksLimits } from "./jwks.ts";
export { fetchKeySet, KeySetError } from "./key-set.ts";
export {
  createJudgingVerifier,
  type JudgingVerifier,
  type RevocationJudge,
  type RevocationSource,
  withRevocations,
} from "./revocations/judge.ts";
export { assertSecret, MIN_SECRET_BYTES } from "./secrets.ts";
export { warningsOf } from "./setting-warnings.ts";
export type { TokenSource } from "./token-check.ts";
export { MAX_TOKEN_LENGTH } from "./token-form.ts";
export { createVerifier, type Verifier, type VerifierOptions, verifyOperator } from "./verifier.ts";
