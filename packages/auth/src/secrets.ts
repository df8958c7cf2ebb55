import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import {
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
  UnsecuredJWT,
} from "jose";
import type { TokenCheck } from "./token-check.ts";

/** Minimum length of an HS256 secret. A shorter one can be guessed offline from a single token (P61). */
export const MIN_SECRET_BYTES = 32;
/** The header of a token without a signature, for `claimsOf`. */
const UNSECURED_HEADER = Buffer.from('{"alg":"none"}').toString("base64url");

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
 *
 * jose imports the key for each token and computes the HMAC on another thread, which costs several times the HMAC
 * itself. So the signature of a usual token is verified here, and jose checks its claims. jose verifies any other token.
 */
export function checkWithSecrets(secrets: readonly string[]): TokenCheck {
  const keys = secrets.map(secretKey);
  /** The last header that was found usual, with its dot. The tokens of an issuer mostly have the same header. */
  let usualHeader = "";
  return {
    algorithms: ["HS256"],
    problem: () => undefined,
    async claims(token, options) {
      const header = token.slice(0, token.indexOf(".") + 1);
      if (header !== usualHeader) {
        if (!isUsual(token)) return verifyWithAny(token, keys, options);
        usualHeader = header;
      }
      if (!keys.some((key) => isSignedWith(key, token))) throw new errors.JWSSignatureVerificationFailed();
      return claimsOf(token, options);
    },
  };
}

/** True if the header asks for HS256 and for no extension. */
function isUsual(token: string): boolean {
  try {
    const { alg, crit } = decodeProtectedHeader(token);
    return alg === "HS256" && crit === undefined;
  } catch {
    // The header isn't a JSON object, so jose refuses the token.
    return false;
  }
}

/** The token has the form of `hasTokenForm`, so its signature has one spelling. */
function isSignedWith(key: KeyObject, token: string): boolean {
  const end = token.lastIndexOf(".");
  const signature = Buffer.from(token.slice(end + 1), "base64url");
  const expected = createHmac("sha256", key).update(token.slice(0, end)).digest();
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}

/** Returns the claims of a token whose signature is valid. Throws the same errors as `jwtVerify` for the claims. */
function claimsOf(token: string, options: JWTVerifyOptions): JWTPayload {
  const claims = token.slice(token.indexOf("."), token.lastIndexOf("."));
  return UnsecuredJWT.decode(`${UNSECURED_HEADER}${claims}.`, options).payload;
}

/** Verifies a token with each key in turn. Only a wrong signature leads to the next key: other errors are final. */
export async function verifyWithAny(
  token: string,
  keys: Iterable<KeyObject> | AsyncIterable<CryptoKey>,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let failure: unknown;
  for await (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      failure = error;
    }
  }
  throw failure ?? new errors.JWSSignatureVerificationFailed();
}
