import type { IncomingMessage, ServerResponse } from "node:http";
import type { Verifier } from "@parley/auth";
import type { Observe } from "../events.ts";
import { authenticate, readerOf } from "../http/access.ts";
import type { Exchange, Responder } from "../http/responder.ts";
import type { History } from "../queries/history.ts";
import { linksOf } from "./links.ts";
import { assertUsername, readPageQuery } from "./query.ts";

export interface MessagesDeps {
  readonly history: History;
  readonly verifier: Verifier;
  readonly responder: Responder;
  readonly observe: Observe;
}

/**
 * `GET /messages` and `GET /messages/:username`: a whole conversation, or a page of it (P50 to P52). The handler's
 * `peer` is the other user's name, or "" for the public room.
 */
export function messagesRoute({ history, verifier, responder, observe }: MessagesDeps) {
  return async (req: IncomingMessage, res: ServerResponse, peer: string): Promise<void> => {
    const route = peer === "" ? "room" : "conversation";
    const exchange: Exchange = { req, res, route, startedAt: performance.now() };
    const identity = await authenticate(verifier, req);
    if (peer !== "") assertUsername(peer);
    const { page: query, as } = readPageQuery(req.url ?? "");
    const reader = readerOf(identity, { as, route, observe });
    if (query === undefined)
      return responder.sendStream(exchange, identity.user, () => history.streamConversation(reader, peer));
    const page = await history.readPage(reader, peer, query);
    const path = peer === "" ? "/messages" : `/messages/${encodeURIComponent(peer)}`;
    const links = linksOf(path, as, query, page);
    if (links !== undefined) res.setHeader("link", links);
    await responder.sendPage(exchange, identity.user, page.messages);
  };
}
