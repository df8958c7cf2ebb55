import { createSecretKey, type KeyObject } from "node:crypto";
import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from "jose";
import type { TokenCheck } from "./token-check.ts";

/** HS256 with less than this can be guessed offline from one token (P61). */
export const MIN_SECRET_BYTES = 32;

/** Throws for a secret under 32 bytes of UTF-8. The message never holds the secret. */
export function assertSecret(secret: string): void {
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES)
    throw new RangeError(`a token secret must have at least ${MIN_SECRET_BYTES} bytes`);
}

/** The secret as a key: made once, so that a check does not import it each time. */
export function secretKey(secret: string): KeyObject {
  assertSecret(secret);
  return createSecretKey(Buffer.from(secret));
}

/** Any of the secrets verifies, so that one can be replaced while tokens signed with the old one are about (P61). */
export function checkWithSecrets(secrets: readonly string[]): TokenCheck {
  const keys = secrets.map(secretKey);
  return {
    algorithms: ["HS256"],
    problem: () => undefined,
    claims: (token, options) => firstThatVerifies(token, keys, options),
  };
}

/** Only a wrong signature leads to the next key: what else is wrong is wrong under every key. */
export async function firstThatVerifies(
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
