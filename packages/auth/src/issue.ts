import { SignJWT } from "jose";
import { secretKey } from "./secrets.ts";

export interface IssueOptions {
  /** Becomes `sub`. The caller has checked that it is a username. */
  readonly user: string;
  /** At least 32 bytes. Of several, the first. */
  readonly secret: string;
  readonly scopes?: readonly string[] | undefined;
  /** A whole number above 0; default 3,600. */
  readonly expiresInSeconds?: number | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  /** Ms since 1970; for tests. */
  readonly now?: (() => number) | undefined;
}

/** An HS256 token, and its end in ms since 1970. Rejects with a RangeError for a short secret or no sensible time. */
export async function issueToken(options: IssueOptions): Promise<{ token: string; expiresAt: number }> {
  const { user, secret, scopes = [], expiresInSeconds = 3_600, issuer, audience, now = Date.now } = options;
  if (!Number.isSafeInteger(expiresInSeconds) || expiresInSeconds <= 0)
    throw new RangeError("a token's life must be a whole number of seconds above 0");
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
