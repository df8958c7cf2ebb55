import type { IncomingMessage, ServerResponse } from "node:http";
import type { Observe } from "../events.ts";
import { readerOf } from "../http/access.ts";
import type { OpenExchange } from "../http/exchange.ts";
import { ARRAY, type Responder } from "../http/responder.ts";
import type { History } from "../queries/history.ts";
import { boundsOf } from "./bounds.ts";
import { linksOf } from "./links.ts";
import { assertUsername, readPageQuery } from "./query.ts";

export interface MessagesDeps {
  readonly history: History;
  readonly openExchange: OpenExchange;
  readonly responder: Responder;
  readonly observe: Observe;
}

/**
 * `GET /messages` and `GET /messages/:username`: a whole conversation, or a page of it (P50 to P52), perhaps between two
 * times (P64). The handler's `peer` is the other user's name, or "" for the public room.
 */
export function messagesRoute({ history, openExchange, responder, observe }: MessagesDeps) {
  return async (req: IncomingMessage, res: ServerResponse, peer: string): Promise<void> => {
    const route = peer === "" ? "room" : "conversation";
    const exchange = await openExchange(req, res, route);
    if (peer !== "") assertUsername(peer);
    const { range, limit, as } = readPageQuery(req.url ?? "", exchange.noteIgnored);
    const reader = readerOf(exchange.identity, { as, route, observe });
    const bounds = boundsOf(range);
    if (limit === undefined)
      return responder.sendConversation(exchange, () =>
        history.openConversation(reader, peer, bounds, exchange.deadline),
      );
    await responder.sendPage(exchange, async (giveWay) => {
      const page = await history.readPage(reader, peer, { ...bounds, limit }, exchange.deadline, giveWay);
      const path = peer === "" ? "/messages" : `/messages/${encodeURIComponent(peer)}`;
      const links = linksOf(path, { ...range, limit, as, newest: bounds.newest }, page);
      if (links !== undefined) res.setHeader("link", links);
      return [{ messages: page.messages, envelope: ARRAY }];
    });
  };
}
