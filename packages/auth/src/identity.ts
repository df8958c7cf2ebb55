import type { JWTPayload } from "jose";
import { AuthError } from "./error.ts";

/** The user and the permissions that a valid token grants. */
export interface Identity {
  /** The claim `sub`: a username (P4). */
  readonly user: string;
  readonly scopes: ReadonlySet<string>;
  /**
   * When the token was issued, in ms since 1970: its `iat`, or the time of the verification if that is earlier, because
   * the issuer's clock may be ahead (L26). 0 without `iat`, so that it counts as the oldest token.
   */
  readonly issuedAt: number;
  /** The token's expiry, in ms since 1970. Always in the future when `verify` returns it (P6). */
  readonly expiresAt: number;
}

/** The scopes that Parley checks. */
export const SCOPES = {
  /** For internal services: read history as another user (P54). */
  historyRead: "history:read",
  /** For internal services: read everything that all users send (P63). */
  historyAll: "history:all",
  /** For internal services: send as another user, at a rate of their own (P62). */
  messagesSend: "messages:send",
  /** For moderators: delete messages of others (P73). */
  moderate: "moderate",
  /** For operators: read and resolve dead letters. */
  ops: "ops",
} as const;

const KNOWN_SCOPES: ReadonlySet<string> = new Set(Object.values(SCOPES));

/** The latest time that a Date can represent, in ms. A later expiry is replaced with this time. */
const MAX_TIME = 8_640_000_000_000_000;

export interface IdentityOptions {
  /** Tells if a `sub` is a username (P4). */
  readonly isUser: (sub: string) => boolean;
  /** The time of the verification, in ms since 1970. */
  readonly now: number;
  /** The maximum age of a token. With it, a token must have `iat`. */
  readonly maxAgeMs?: number | undefined;
}

/**
 * Returns the identity in claims that were verified already: the signature, issuer, audience and times are valid.
 * Throws an AuthError if `sub` isn't a username or `exp` is missing (P3).
 */
export function identityOf(
  claims: JWTPayload,
  { isUser, now, maxAgeMs = Number.POSITIVE_INFINITY }: IdentityOptions,
): Identity {
  const { sub, exp, iat } = claims;
  if (typeof sub !== "string" || !isUser(sub)) throw new AuthError("unauthorized", "subject");
  if (typeof exp !== "number") throw new AuthError("unauthorized", "claims");
  const issuedAt = typeof iat === "number" && iat > 0 ? Math.min(iat * 1000, now) : 0;
  if (maxAgeMs !== Number.POSITIVE_INFINITY && issuedAt === 0) throw new AuthError("unauthorized", "claims");
  return Object.freeze({
    user: sub,
    issuedAt,
    scopes: scopesOf(claims.scope),
    expiresAt: Math.min(exp * 1000, issuedAt + maxAgeMs, MAX_TIME),
  });
}

/**
 * Parses the scope claim: a string separated by spaces (RFC 8693), or a list, as some issuers write it. Leaves out the scopes that
 * Parley doesn't check: a token may have thousands, and its identity is kept (G5).
 */
function scopesOf(scope: unknown): ReadonlySet<string> {
  const parts: unknown[] = typeof scope === "string" ? scope.split(" ") : Array.isArray(scope) ? scope : [];
  return new Set(parts.filter((part): part is string => typeof part === "string" && KNOWN_SCOPES.has(part)));
}
