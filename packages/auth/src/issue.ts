import { SignJWT } from "jose";
import { secretKey } from "./secrets.ts";

/** Options of `issueToken`. */
export interface IssueOptions {
  /** The value of `sub`. The caller must check that it is a username. */
  readonly user: string;
  /** The HS256 secret: at least 32 bytes. If several secrets are configured, pass the first. */
  readonly secret: string;
  readonly scopes?: readonly string[] | undefined;
  /** The token's lifetime: a whole number above 0; default 3,600. */
  readonly expiresInSeconds?: number | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  /** The clock, in ms since 1970; for tests. */
  readonly now?: (() => number) | undefined;
}

/**
 * Issues an HS256 token and returns it with its expiry in ms since 1970. Rejects with a RangeError for a secret that
 * is too short or an invalid lifetime.
 */
export async function issueToken(options: IssueOptions): Promise<{ token: string; expiresAt: number }> {
  const { user, secret, scopes = [], expiresInSeconds = 3_600, issuer, audience, now = Date.now } = options;
  if (!Number.isSafeInteger(expiresInSeconds) || expiresInSeconds <= 0)
    throw new RangeError("expiresInSeconds must be a whole number above 0");
  const issuedAt = Math.floor(now() / 1000);
  const expires = issuedAt + expiresInSeconds;
  const jwt = new SignJWT(scopes.length > 0 ? { scope: scopes.join(" ") } : {})
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(user)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expires);
  if (issuer !== undefined) jwt.setIssuer(issuer);
  if (audience !== undefined) jwt.setAudience(audience);
  return { token: await jwt.sign(secretKey(secret)), expiresAt: expires * 1000 };
}
