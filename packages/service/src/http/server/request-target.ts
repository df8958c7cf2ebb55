import type { IncomingMessage } from "node:http";

const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)(.*)$/is;

/**
 * Turns a request for a whole URL (`GET http://host/path`) into the usual form, with the URL's host as its Host header.
 * Clients send whole URLs if they take this server for a proxy, and every server must accept them (RFC 9112, 3.2.2).
 * All code that reads `req.url` runs after this, and so sees a path.
 */
export function useOriginForm(req: IncomingMessage): void {
  const [, host, rest] = ABSOLUTE.exec(req.url ?? "") ?? [];
  if (host === undefined || rest === undefined) return;
  req.url = rest.startsWith("/") ? rest : `/${rest}`;
  if (req.headers.host !== undefined) req.headers.host = host;
}
