import type { IncomingMessage, ServerResponse } from "node:http";
import type { StoredMessage } from "@parley/models";
import type { Observe } from "../events.ts";
import { readerOf } from "../http/access.ts";
import { toJson } from "../http/encode-messages.ts";
import type { OpenExchange } from "../http/exchange.ts";
import type { Responder } from "../http/responder.ts";
import type { Conversations } from "../queries/conversations.ts";
import { peerOf } from "../queries/newest-in-tail.ts";
import { readConversationsQuery } from "./query.ts";

export interface ConversationsDeps {
  readonly conversations: Conversations;
  readonly openExchange: OpenExchange;
  readonly responder: Responder;
  readonly observe: Observe;
}

/** `GET /conversations`: the reader's private conversations, each with its last message (P57). */
export function conversationsRoute({ conversations, openExchange, responder, observe }: ConversationsDeps) {
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const exchange = await openExchange(req, res, "conversations");
    const { page, as } = readConversationsQuery(req.url ?? "", exchange.noteIgnored);
    const reader = readerOf(exchange.identity, { as, route: "conversations", observe });
    const item = (message: StoredMessage) =>
      `{"with":${JSON.stringify(peerOf(reader, message))},"last":${toJson(message)}}`;
    await responder.sendPage(exchange, async () => {
      const { messages, next } = await conversations.readPage(reader, page, exchange.deadline);
      const after = next === undefined ? "]}" : `],"next":"${next}"}`;
      return [{ messages, envelope: { before: '{"conversations":[', after, item } }];
    });
  };
}
