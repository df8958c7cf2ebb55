import type { IncomingHttpHeaders } from "node:http";
import { SUBPROTOCOL } from "@parley/models";

/** What a client brings to the handshake (P1), and what it is answered (P2). */
export interface TokenOffer {
  readonly token: string | undefined;
  /** To be selected: never a token. Undefined: no subprotocol in the answer. */
  readonly subprotocol: typeof SUBPROTOCOL | typeof BEARER | undefined;
}

const BEARER = "Bearer";
const BEARER_ITEM = "bearer.";
const BEARER_SCHEME = /^bearer +(\S+)$/i;

/**
 * P1: the token of `Authorization`, else of `Sec-WebSocket-Protocol`, as `chat.v1, bearer.<jwt>`, as `Bearer, <jwt>`
 * or as the literal `Bearer <jwt>`, which is no valid list of subprotocols but is sent all the same.
 */
export function tokenOffer(headers: IncomingHttpHeaders): TokenOffer {
  const offers = (headers["sec-websocket-protocol"] ?? "").split(",").map((offer) => offer.trim());
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
