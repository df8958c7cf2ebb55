import type { IncomingMessage, ServerResponse } from "node:http";
import { ChatError } from "@parley/models";
import type { Observe } from "../events.ts";
import { readerOf } from "../http/access.ts";
import type { OpenExchange } from "../http/exchange.ts";
import type { Responder } from "../http/responder.ts";
import type { History } from "../queries/history.ts";
import { assertId, readMessageQuery } from "./query.ts";

export interface MessageDeps {
  readonly history: History;
  readonly openExchange: OpenExchange;
  readonly responder: Responder;
  readonly observe: Observe;
}

/** One message as it is, without a list around it. */
const OBJECT = { before: "", after: "" };

/** `GET /message/:id`: the message with an id, or the one for which the id stands (P58, P59). */
export function messageRoute({ history, openExchange, responder, observe }: MessageDeps) {
  return async (req: IncomingMessage, res: ServerResponse, id: string): Promise<void> => {
    const exchange = await openExchange(req, res, "message");
    assertId(id);
    const { as } = readMessageQuery(req.url ?? "", exchange.noteIgnored);
    const reader = readerOf(exchange.identity, { as, route: "message", observe });
    await responder.sendPage(exchange, async () => {
      const message = await history.readMessage(reader, id, exchange.deadline);
      if (!message) throw new ChatError("not_found", { message: "There is no message with this id." });
      return [{ messages: [message], envelope: OBJECT }];
    });
  };
}
