import type { IncomingMessage } from "node:http";
import { type Identity, SCOPES, type TokenSource, type Verifier } from "@parley/auth";
import { ChatError } from "@parley/models";
import type { Observe, RouteName } from "../events.ts";

/**
 * Verifies the request's token. The token is read from `Authorization` only, never from the URL, because URLs end up
 * in logs. Rejects with an AuthError, or with `unauthorized` if the header holds no bearer token.
 *
 * `source` stands for the address that the token came from. The verifier serves the sources in turn, so that one
 * source can't hold up the others (G5).
 */
export function authenticate(
  verifier: Verifier,
  req: IncomingMessage,
  source: TokenSource,
): Promise<Identity> {
  const token = /^Bearer +(\S+) *$/i.exec(req.headers.authorization ?? "")?.[1];
  if (token === undefined && req.headers.authorization !== undefined)
    return Promise.reject(new ChatError("unauthorized"));
  return verifier.verify(token, source);
}

/** Returns the user whose history is read. Only internal services may name another user with `as` (P54). */
export function readerOf(
  { user, scopes }: Identity,
  {
    as,
    route,
    observe,
  }: { readonly as: string | undefined; readonly route: RouteName; readonly observe: Observe },
): string {
  if (as === undefined) return user;
  if (!scopes.has(SCOPES.historyRead)) throw new ChatError("forbidden");
  observe({ type: "read-as", route, by: user, as });
  return as;
}
