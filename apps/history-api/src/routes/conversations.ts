import type { IncomingMessage, ServerResponse } from "node:http";
import type { Verifier } from "@parley/auth";
import type { LogMessage } from "@parley/models";
import type { Observe } from "../events.ts";
import { authenticate, readerOf } from "../http/access.ts";
import { toJson } from "../http/json-response.ts";
import type { Exchange, Responder } from "../http/responder.ts";
import type { Conversations } from "../queries/conversations.ts";
import { peerOf } from "../queries/newest-in-tail.ts";
import { readConversationsQuery } from "./query.ts";

export interface ConversationsDeps {
  readonly conversations: Conversations;
  readonly verifier: Verifier;
  readonly responder: Responder;
  readonly observe: Observe;
}

/** `GET /conversations`: the reader's private conversations, each with its last message (P57). */
export function conversationsRoute({ conversations, verifier, responder, observe }: ConversationsDeps) {
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const exchange: Exchange = { req, res, route: "conversations", startedAt: performance.now() };
    const identity = await authenticate(verifier, req);
    const { page, as } = readConversationsQuery(req.url ?? "");
    const reader = readerOf(identity, { as, route: "conversations", observe });
    const { messages, next } = await conversations.readPage(reader, page);
    const item = (message: LogMessage) =>
      `{"with":${JSON.stringify(peerOf(reader, message))},"last":${toJson(message)}}`;
    const after = next === undefined ? "]}" : `],"next":"${next}"}`;
    const envelope = { before: '{"conversations":[', after, item };
    await responder.sendPage(exchange, identity.user, messages, envelope);
  };
}
