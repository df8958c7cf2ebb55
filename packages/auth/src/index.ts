export { AuthError, type AuthErrorCode, type AuthFailure } from "./error.ts";
export type { AuthEvent } from "./events.ts";
export { type Identity, SCOPES } from "./identity.ts";
export { type IssueOptions, issueToken } from "./issue.ts";
export type { JwksLimits } from "./jwks.ts";
export { assertSecret, MIN_SECRET_BYTES } from "./secrets.ts";
export {
  createVerifier,
  MAX_TOKEN_LENGTH,
  NBF_TOLERANCE_SECONDS,
  type Verifier,
  type VerifierOptions,
} from "./verifier.ts";
