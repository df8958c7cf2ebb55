import type { IncomingMessage, ServerResponse } from "node:http";
import type { StoredMessage } from "@parley/models";
import type { Observe } from "../events.ts";
import { readerOf } from "../http/access.ts";
import { type MessageList, toJson } from "../http/encode-messages.ts";
import type { OpenExchange } from "../http/exchange.ts";
import type { Responder } from "../http/responder.ts";
import type { Deadline } from "../limits/deadline.ts";
import type { ReadState, ReadStates } from "../marks/read-states.ts";
import type { Conversations } from "../queries/conversations.ts";
import type { History } from "../queries/history.ts";
import { peerOf } from "../queries/newest-in-tail.ts";
import { readConversationsQuery } from "./query.ts";

/** Unread messages are counted in this many conversations of a page. */
const MAX_COUNTED = 100;

export interface ConversationsDeps {
  readonly conversations: Conversations;
  readonly history: Pick<History, "readLastPublic">;
  readonly readStates: ReadStates;
  readonly openExchange: OpenExchange;
  readonly responder: Responder;
  readonly observe: Observe;
}

/**
 * `GET /conversations`: the reader's private conversations, each with its last message (P57) and how far it is read (P71).
 * The first page has the public room beside them.
 */
export function conversationsRoute(deps: ConversationsDeps) {
  const { conversations, history, readStates, openExchange, responder, observe } = deps;
  const publicRoom = async (position: string, deadline: Deadline) => {
    return { with: "", last: await history.readLastPublic(position, deadline), isCounted: true };
  };
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const exchange = await openExchange(req, res, "conversations");
    const { page, as } = readConversationsQuery(req.url ?? "", exchange.noteIgnored);
    const reader = readerOf(exchange.identity, { as, route: "conversations", observe });
    const { deadline } = exchange;
    await responder.sendPage(exchange, async (giveWay) => {
      const { messages, next, position } = await conversations.readPage(reader, page, deadline, giveWay);
      const listed = messages.map((last, at) => ({
        with: peerOf(reader, last),
        last,
        isCounted: at < MAX_COUNTED,
      }));
      const isFirst = page.before === undefined;
      const room = isFirst ? [await publicRoom(position, deadline)] : [];
      const charge = (read: readonly StoredMessage[]) => responder.charge(exchange, read);
      const states = await readStates.of(reader, [...listed, ...room], {
        position,
        deadline,
        charge,
        giveWay,
      });
      const item = (message: StoredMessage, at: number) =>
        `{"with":${JSON.stringify(peerOf(reader, message))},"last":${toJson(message)}${stateJson(states[at])}}`;
      const after = next === undefined ? "]" : `],"next":"${next}"`;
      const list = { messages, envelope: { before: '{"conversations":[', after, item } };
      return [list, roomList(room[0]?.last, isFirst ? states.at(-1) : undefined)];
    });
  };
}

/** Returns the end of the answer, with the public room if it has a state. */
function roomList(last: StoredMessage | undefined, state: ReadState | undefined): MessageList {
  if (!state) return { messages: [], envelope: { before: "", after: "}" } };
  const item = (message: StoredMessage) => `,"last":${toJson(message)}`;
  const before = `,"public":{${stateJson(state).slice(1)}`;
  return { messages: last ? [last] : [], envelope: { before, after: "}}", item } };
}

function stateJson(state: ReadState | undefined): string {
  if (!state) return "";
  const { read, unread, readBy } = state;
  const field = (name: string, id: string | undefined) => (id === undefined ? "" : `,"${name}":"${id}"`);
  const count = unread === undefined ? "" : `,"unread":${unread}`;
  return `${count}${field("read", read)}${field("readBy", readBy)}`;
}
