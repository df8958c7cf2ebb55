import type { JWTPayload } from "jose";
import { AuthError } from "./error.ts";

/** Who a valid token speaks for. */
export interface Identity {
  /** The claim `sub`: a username (P4). */
  readonly user: string;
  readonly scopes: ReadonlySet<string>;
  /** The token's end, in ms since 1970. Always ahead at the time of the answer (P6). */
  readonly expiresAt: number;
}

/** Scopes that mean something here. */
export const SCOPES = {
  /** An internal service: may read history as somebody else (P54). */
  historyRead: "history:read",
  /** An operator: may look at and decide on dead letters. */
  ops: "ops",
} as const;

/** The last moment that a Date can hold: a token without a sensible end has this one. */
const LAST_MOMENT = 8_640_000_000_000_000;

/** From claims whose signature, issuer, audience and times have been checked. Without `sub` or `exp` there is none (P3). */
export function identityOf(claims: JWTPayload, isUser: (sub: string) => boolean): Identity {
  const { sub, exp } = claims;
  if (typeof sub !== "string" || !isUser(sub)) throw new AuthError("unauthorized", "subject");
  if (typeof exp !== "number") throw new AuthError("unauthorized", "claims");
  return Object.freeze({
    user: sub,
    scopes: scopesOf(claims.scope),
    expiresAt: Math.min(exp * 1000, LAST_MOMENT),
  });
}

/** One string with spaces between (RFC 8693), or a list, as some issuers write it. */
function scopesOf(scope: unknown): ReadonlySet<string> {
  const parts: unknown[] = typeof scope === "string" ? scope.split(" ") : Array.isArray(scope) ? scope : [];
  return new Set(parts.filter((part): part is string => typeof part === "string" && part !== ""));
}
