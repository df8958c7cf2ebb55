import { randomBytes } from "node:crypto";

const HOUR_SECONDS = 3_600;

interface WrongToken {
  readonly user: string;
  /** Algorithm of the signature. Default HS256. */
  readonly algorithm?: "HS256" | "EdDSA";
  /** Id of a key that no issuer has. */
  readonly keyId?: string;
}

/** Makes a token in which only the signature is wrong, so that only a verification of the signature can refuse it. */
export function withWrongSignature({ user, algorithm = "HS256", keyId }: WrongToken): string {
  const issuedAt = Math.floor(Date.now() / 1000);
  const header = { alg: algorithm, typ: "JWT", ...(keyId !== undefined && { kid: keyId }) };
  const claims = { sub: user, iat: issuedAt, exp: issuedAt + HOUR_SECONDS };
  const signature = randomBytes(algorithm === "EdDSA" ? 64 : 32).toString("base64url");
  return `${base64url(header)}.${base64url(claims)}.${signature}`;
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
