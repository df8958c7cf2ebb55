import type { IncomingMessage } from "node:http";
import { type Identity, SCOPES, type Verifier } from "@parley/auth";
import { ChatError } from "@parley/models";

/** The token's speaker. A token is taken from `Authorization` alone: addresses end up in logs. */
export function identify(verifier: Verifier, req: IncomingMessage): Promise<Identity> {
  const token = /^Bearer +(\S+) *$/i.exec(req.headers.authorization ?? "")?.[1];
  if (token === undefined && req.headers.authorization !== undefined)
    return Promise.reject(new ChatError("unauthorized"));
  return verifier.verify(token);
}

/** As whom the request reads: only an internal service may be somebody else (P54). */
export function readerOf({ user, scopes }: Identity, as: string | undefined): string {
  if (as === undefined) return user;
  if (!scopes.has(SCOPES.historyRead)) throw new ChatError("forbidden");
  return as;
}
