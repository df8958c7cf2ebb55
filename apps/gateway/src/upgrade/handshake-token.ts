import type { IncomingHttpHeaders } from "node:http";
import { SUBPROTOCOL } from "@parley/models";

/** The token of a handshake (P1) and the subprotocol to answer with (P2). */
export interface HandshakeToken {
  readonly token: string | undefined;
  /** Never a token. Undefined: the answer selects no subprotocol. */
  readonly subprotocol: typeof SUBPROTOCOL | typeof BEARER | undefined;
}

/** Maximum number of offered subprotocols that are looked at. Nobody needs a token to offer thousands (G5). */
const MAX_OFFERS = 32;
const BEARER = "Bearer";
const BEARER_ITEM = "bearer.";
const BEARER_SCHEME = /^bearer +(\S+)$/i;

/**
 * Reads the token from `Authorization`, else from `Sec-WebSocket-Protocol` (P1), which has three forms:
 *
 * - `chat.v1, bearer.<jwt>`
 * - `Bearer, <jwt>`
 * - `Bearer <jwt>`, which isn't a valid list of subprotocols, but some clients send it.
 */
export function readHandshakeToken(headers: IncomingHttpHeaders): HandshakeToken {
  const offers = (headers["sec-websocket-protocol"] ?? "")
    .split(",", MAX_OFFERS)
    .map((offer) => offer.trim());
  const subprotocol = offers.includes(SUBPROTOCOL)
    ? SUBPROTOCOL
    : offers.includes(BEARER)
      ? BEARER
      : undefined;
  return { token: schemeToken(headers.authorization) ?? offeredToken(offers), subprotocol };
}

function schemeToken(value: string | undefined): string | undefined {
  return BEARER_SCHEME.exec(value?.trim() ?? "")?.[1];
}

function offeredToken(offers: readonly string[]): string | undefined {
  const item = offers.find((offer) => offer.startsWith(BEARER_ITEM));
  if (item !== undefined) return item.slice(BEARER_ITEM.length);
  const bearer = offers.indexOf(BEARER);
  if (bearer >= 0) return offers[bearer + 1];
  return offers.map(schemeToken).find((token) => token !== undefined);
}
