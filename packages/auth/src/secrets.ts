import { createSecretKey, type KeyObject } from "node:crypto";
import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from "jose";
import type { TokenCheck } from "./token-check.ts";

/** Minimum length of an HS256 secret. A shorter one can be guessed offline from a single token (P61). */
export const MIN_SECRET_BYTES = 32;

/** Throws a RangeError for a secret of less than 32 bytes in UTF-8. The error never contains the secret. */
export function assertSecret(secret: string): void {
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES)
    throw new RangeError(`a token secret must have at least ${MIN_SECRET_BYTES} bytes: set a longer one`);
}

/** Imports a secret as a key, once, so that verifications don't have to. */
export function secretKey(secret: string): KeyObject {
  assertSecret(secret);
  return createSecretKey(Buffer.from(secret));
}

/**
 * Verifies signatures with any of the secrets, so that a secret can be replaced while old tokens are in use (P61).
 */
export function checkWithSecrets(secrets: readonly string[]): TokenCheck {
  const keys = secrets.map(secretKey);
  return {
    algorithms: ["HS256"],
    problem: () => undefined,
    claims: (token, options) => verifyWithAny(token, keys, options),
  };
}

/** Verifies a token with each key in turn. Only a wrong signature leads to the next key: other errors are final. */
export async function verifyWithAny(
  token: string,
  keys: Iterable<KeyObject> | AsyncIterable<CryptoKey>,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let failure: unknown = new errors.JWSSignatureVerificationFailed();
  for await (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      failure = error;
    }
  }
  throw failure;
}
