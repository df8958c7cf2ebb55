import type { Message, State } from "@parley/client";
import { kept, merged, newer } from "./merge-messages.ts";
import type { ChatEvent, ChatState, Conversation, Listed, Pending } from "./state.ts";

export function initialState(
  me: string,
  saved: { readonly lastId: string; readonly conversations: readonly Listed[] },
): ChatState {
  const state: ChatState = {
    me,
    connection: { phase: "connecting" },
    begun: false,
    conversations: new Map([["", emptyConversation("")]]),
    open: undefined,
    visible: true,
    following: true,
    outbox: [],
    lastId: saved.lastId,
  };
  return reduce(state, { type: "listed", entries: saved.conversations });
}

export function reduce(state: ChatState, event: ChatEvent): ChatState {
  switch (event.type) {
    case "connection":
      return onConnection(state, event.state);
    case "message":
      return onMessage(state, event.message);
    case "opened":
      return onOpened(state, event.with);
    case "visible":
      return markRead({ ...state, visible: event.visible });
    case "following":
      return { ...state, following: event.following };
    case "asked":
      return update(state, event.with, (conversation) => ({ ...conversation, older: "loading" }));
    case "page":
      return onPage(state, event);
    case "ask-failed":
      return update(state, event.with, (conversation) => ({ ...conversation, older: "failed" }));
    case "listed":
      return event.entries.reduce(list, state);
    case "queued":
      return { ...withConversation(state, event.pending.to), outbox: [...state.outbox, event.pending] };
    case "left":
      return change(state, event.ref, (pending) => ({
        ...pending,
        phase: "sending",
        leftAt: pending.leftAt ?? event.at,
      }));
    case "sent":
      return onSent(state, event);
    case "unsent":
      return change(state, event.ref, (pending) => ({ ...pending, phase: event.phase, code: event.code }));
    case "discarded":
      return { ...state, outbox: state.outbox.filter(({ ref }) => ref !== event.ref) };
  }
}

/** Whom a message is exchanged with, as this user sees it. */
function partnerOf(me: string, { from, to }: Pick<Message, "from" | "to">): string {
  if (to === "") return "";
  return from === me ? to : from;
}

/** Pages of history and the stream touch once the first `ready` has come. */
function hasBegun({ phase }: State): boolean {
  return phase === "live" || phase === "catching-up";
}

function onMessage(state: ChatState, message: Message): ChatState {
  const partner = partnerOf(state.me, message);
  const isNew = message.id > state.lastId;
  const isRead = message.from === state.me || (state.visible && state.open === partner);
  const next = update(state, partner, (conversation) => ({
    ...conversation,
    ...kept(conversation, [message], state.open !== partner || state.following),
    unread: conversation.unread + (isNew && !isRead ? 1 : 0),
    last: newer(conversation.last, message),
  }));
  return {
    ...next,
    lastId: isNew ? message.id : state.lastId,
    outbox: message.from === state.me ? recognized(state.outbox, message) : state.outbox,
  };
}

/** The live copy carries no ref and may come before the ack: until that comes, the first of the same text is taken. */
function recognized(outbox: readonly Pending[], { id, to, content }: Message): readonly Pending[] {
  const index = outbox.findIndex(
    (pending) =>
      pending.leftAt !== undefined &&
      pending.phase !== "failed" &&
      pending.seenAs === undefined &&
      pending.to === to &&
      pending.content === content,
  );
  return outbox.map((pending, at) => (at === index ? { ...pending, seenAs: id } : pending));
}

function onOpened(state: ChatState, partner: string | undefined): ChatState {
  const next = partner === undefined ? state : withConversation(state, partner);
  return markRead({ ...next, open: partner, following: true });
}

function markRead(state: ChatState): ChatState {
  const { open, visible, conversations } = state;
  if (open === undefined || !visible || !conversations.get(open)?.unread) return state;
  return update(state, open, (conversation) => ({ ...conversation, unread: 0 }));
}

function onConnection(state: ChatState, connection: State): ChatState {
  const next = { ...state, connection, begun: state.begun || hasBegun(connection) };
  const open = state.open === undefined ? undefined : state.conversations.get(state.open);
  if (connection.phase !== "live" || open?.older !== "failed") return next;
  return update(next, open.with, (conversation) => ({ ...conversation, older: "unknown" }));
}

function onPage(
  state: ChatState,
  { with: partner, before, page }: Extract<ChatEvent, { type: "page" }>,
): ChatState {
  return update(state, partner, (conversation) => {
    // What the page was to join was forgotten meanwhile: it would leave a hole.
    if (before !== undefined && conversation.messages[0]?.id !== before)
      return { ...conversation, older: "more" };
    return {
      ...conversation,
      messages: merged(conversation.messages, page.messages),
      older: page.more ? "more" : "none",
      last: newer(conversation.last, page.messages.at(-1)),
    };
  });
}

function list(state: ChatState, { with: partner, last, unread }: Listed): ChatState {
  return update(state, partner, (conversation) => ({
    ...conversation,
    unread: Math.max(conversation.unread, unread),
    last: newer(conversation.last, last),
  }));
}

/** P10: the ack says where the message stands; it is shown there though its live copy may be on its way still. */
function onSent(state: ChatState, { ref, id, timestamp }: Extract<ChatEvent, { type: "sent" }>): ChatState {
  const pending = state.outbox.find((one) => one.ref === ref);
  if (!pending) return state;
  const message: Message = { id, from: state.me, to: pending.to, content: pending.content, timestamp };
  const settled = update(state, pending.to, (conversation) => ({
    ...conversation,
    ...kept(conversation, [message], state.open !== pending.to || state.following),
    last: newer(conversation.last, message),
  }));
  return { ...settled, outbox: state.outbox.filter((one) => one.ref !== ref) };
}

function change(state: ChatState, ref: string, with_: (pending: Pending) => Pending): ChatState {
  return { ...state, outbox: state.outbox.map((one) => (one.ref === ref ? with_(one) : one)) };
}

function emptyConversation(partner: string): Conversation {
  return { with: partner, messages: [], older: "unknown", unread: 0, last: undefined };
}

function withConversation(state: ChatState, partner: string): ChatState {
  return state.conversations.has(partner) ? state : update(state, partner, (conversation) => conversation);
}

function update(
  state: ChatState,
  partner: string,
  to: (conversation: Conversation) => Conversation,
): ChatState {
  const conversations = new Map(state.conversations);
  conversations.set(partner, to(conversations.get(partner) ?? emptyConversation(partner)));
  return { ...state, conversations };
}
