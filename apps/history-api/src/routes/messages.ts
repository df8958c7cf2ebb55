import type { IncomingMessage, ServerResponse } from "node:http";
import type { Observe } from "../events.ts";
import { readerOf } from "../http/access.ts";
import type { OpenExchange } from "../http/exchange.ts";
import { ARRAY, type Responder } from "../http/responder.ts";
import type { History } from "../queries/history.ts";
import { linksOf } from "./links.ts";
import { assertUsername, readPageQuery } from "./query.ts";

export interface MessagesDeps {
  readonly history: History;
  readonly openExchange: OpenExchange;
  readonly responder: Responder;
  readonly observe: Observe;
}

/**
 * `GET /messages` and `GET /messages/:username`: a whole conversation, or a page of it (P50 to P52). The handler's
 * `peer` is the other user's name, or "" for the public room.
 */
export function messagesRoute({ history, openExchange, responder, observe }: MessagesDeps) {
  return async (req: IncomingMessage, res: ServerResponse, peer: string): Promise<void> => {
    const route = peer === "" ? "room" : "conversation";
    const exchange = await openExchange(req, res, route);
    if (peer !== "") assertUsername(peer);
    const { page: query, as } = readPageQuery(req.url ?? "");
    const reader = readerOf(exchange.identity, { as, route, observe });
    if (query === undefined)
      return responder.sendConversation(exchange, () =>
        history.openConversation(reader, peer, exchange.deadline),
      );
    await responder.sendPage(exchange, async (giveWay) => {
      const page = await history.readPage(reader, peer, query, exchange.deadline, giveWay);
      const path = peer === "" ? "/messages" : `/messages/${encodeURIComponent(peer)}`;
      const links = linksOf(path, as, query, page);
      if (links !== undefined) res.setHeader("link", links);
      return { messages: page.messages, envelope: ARRAY };
    });
  };
}
