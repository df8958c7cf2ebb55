import { errors } from "jose";
import { AuthError, type AuthFailure } from "./error.ts";

/**
 * Turns any error of a verification into an AuthError. Drops the original error, which contains the token's claims.
 */
export function authErrorOf(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  if (error instanceof errors.JWTExpired) return new AuthError("token_expired", "expired");
  return new AuthError("unauthorized", failureOf(error));
}

function failureOf(error: unknown): AuthFailure {
  if (error instanceof errors.JWTClaimValidationFailed) return claimFailure(error.claim);
  if (error instanceof errors.JOSEAlgNotAllowed) return "algorithm";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "signature";
  if (error instanceof errors.JWKSNoMatchingKey) return "unknown_key";
  return "malformed";
}

function claimFailure(claim: string): AuthFailure {
  switch (claim) {
    case "iss":
      return "issuer";
    case "aud":
      return "audience";
    case "sub":
      return "subject";
    case "nbf":
      return "not_yet_valid";
    default:
      return "claims";
  }
}
