import type { Message, State } from "@parley/client";
import { addMessages, changeMessage, laterOf, mergeMessages } from "./merge-messages.ts";
import type { ChatEvent, ChatState, Conversation, ListEntry, Pending } from "./state.ts";

export function initialState(
  me: string,
  saved: { readonly lastId: string; readonly conversations: readonly ListEntry[] },
): ChatState {
  const state: ChatState = {
    me,
    connection: { phase: "connecting" },
    hasBeenReady: false,
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
    case "changed":
      return onChanged(state, event.message);
    case "opened":
      return onOpened(state, event.with);
    case "read":
      return onRead(state, event);
    case "visible":
      return markRead({ ...state, visible: event.visible });
    case "following":
      return { ...state, following: event.following };
    case "page-requested":
      return updateConversation(state, event.with, (conversation) => ({ ...conversation, older: "loading" }));
    case "page":
      return onPage(state, event);
    case "page-failed":
      return updateConversation(state, event.with, (conversation) => ({ ...conversation, older: "failed" }));
    case "listed":
      return event.entries.reduce(addListEntry, state);
    case "queued":
      return {
        ...withConversation(state, event.pending.to),
        outbox: withPending(state.outbox, event.pending),
      };
    case "left":
      return updatePending(state, event.ref, (pending) => ({
        ...pending,
        phase: "sending",
        leftAt: pending.leftAt ?? event.at,
      }));
    case "sent":
      return onSent(state, event);
    case "unsent":
      return updatePending(state, event.ref, (pending) => ({
        ...pending,
        phase: event.phase,
        code: event.code,
      }));
    case "retried":
      return updatePending(state, event.ref, (pending) => ({
        ...pending,
        phase: "waiting",
        code: undefined,
        leftAt: undefined,
      }));
    case "discarded":
      return { ...state, outbox: state.outbox.filter(({ ref }) => ref !== event.ref) };
  }
}

/** Returns the conversation of a message: the other user's name, or "" for the public room. */
function partnerOf(me: string, { from, to }: Pick<Message, "from" | "to">): string {
  if (to === "") return "";
  return from === me ? to : from;
}

/** Returns true in the phases after `ready`, in which a page of history and the stream overlap or touch. */
function isReady({ phase }: State): boolean {
  return phase === "live" || phase === "catching-up";
}

function onMessage(state: ChatState, message: Message): ChatState {
  const partner = partnerOf(state.me, message);
  const isNew = message.id > state.lastId;
  const isShown = state.visible && state.open === partner;
  const isRead = (conversation: Conversation) =>
    message.from === state.me || isShown || message.id <= conversation.readUpTo;
  const next = updateConversation(state, partner, (conversation) => ({
    ...conversation,
    ...addMessages(conversation, [message], state.open !== partner || state.following),
    unread: conversation.unread + (isNew && !isRead(conversation) ? 1 : 0),
    last: laterOf(conversation.last, message),
  }));
  return {
    ...next,
    lastId: isNew ? message.id : state.lastId,
    outbox: message.from === state.me ? markSeen(state.outbox, message) : state.outbox,
  };
}

/** A message that isn't in memory arrives changed, with its page of history. */
function onChanged(state: ChatState, message: Message): ChatState {
  const partner = partnerOf(state.me, message);
  if (!state.conversations.has(partner)) return state;
  return updateConversation(state, partner, (conversation) => changeMessage(conversation, message));
}

/** Returns the user's own last message of the open conversation that can be edited. */
export function lastOwn({ me, open, conversations }: ChatState): Message | undefined {
  const messages = open === undefined ? [] : (conversations.get(open)?.messages ?? []);
  return messages.filter(({ from, deleted }) => from === me && !deleted).at(-1);
}

/**
 * Marks the pending message whose live copy has arrived. The copy carries no ref and may arrive before the ack. So
 * the copy is matched with the first pending message that has left and has the same recipient and text.
 */
function markSeen(outbox: readonly Pending[], { id, to, content }: Message): readonly Pending[] {
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
  return updateConversation(state, open, (conversation) => ({ ...conversation, unread: 0 }));
}

/** Another tab may be ahead of this one, so messages up to `upTo` may still arrive. */
function onRead(state: ChatState, { with: partner, upTo }: Extract<ChatEvent, { type: "read" }>): ChatState {
  return updateConversation(state, partner, (conversation) => {
    const newer = conversation.messages.filter(({ id, from }) => id > upTo && from !== state.me);
    return {
      ...conversation,
      readUpTo: laterId(conversation.readUpTo, upTo),
      unread: Math.min(conversation.unread, newer.length),
    };
  });
}

function onConnection(state: ChatState, connection: State): ChatState {
  const next = { ...state, connection, hasBeenReady: state.hasBeenReady || isReady(connection) };
  const open = state.open === undefined ? undefined : state.conversations.get(state.open);
  if (connection.phase !== "live" || open?.older !== "failed") return next;
  return updateConversation(next, open.with, (conversation) => ({ ...conversation, older: "unknown" }));
}

function onPage(
  state: ChatState,
  { with: partner, before, page }: Extract<ChatEvent, { type: "page" }>,
): ChatState {
  return updateConversation(state, partner, (conversation) => {
    // The message right after this page was dropped from memory after the request. Adding the page would leave a gap.
    if (before !== undefined && conversation.messages[0]?.id !== before) {
      return { ...conversation, older: "more" };
    }
    return {
      ...conversation,
      messages: mergeMessages(conversation.messages, page.messages),
      older: page.more ? "more" : "none",
      last: laterOf(conversation.last, page.messages.at(-1)),
    };
  });
}

function addListEntry(
  state: ChatState,
  { with: partner, last, unread, readUpTo = "" }: ListEntry,
): ChatState {
  return updateConversation(state, partner, (conversation) => ({
    ...conversation,
    unread: Math.max(conversation.unread, unread),
    readUpTo: laterId(conversation.readUpTo, readUpTo),
    last: laterOf(conversation.last, last),
  }));
}

/** Shows an acknowledged message at its place in the log, even if its live copy hasn't arrived yet (P10). */
function onSent(state: ChatState, { ref, id, timestamp }: Extract<ChatEvent, { type: "sent" }>): ChatState {
  const pending = state.outbox.find((one) => one.ref === ref);
  if (!pending) return state;
  const message: Message = { id, from: state.me, to: pending.to, content: pending.content, timestamp };
  const settled = updateConversation(state, pending.to, (conversation) => ({
    ...conversation,
    ...addMessages(conversation, [message], state.open !== pending.to || state.following),
    last: laterOf(conversation.last, message),
  }));
  return { ...settled, outbox: state.outbox.filter((one) => one.ref !== ref) };
}

/** Adds a message in the order in which the messages were written, or replaces it. */
function withPending(outbox: readonly Pending[], pending: Pending): readonly Pending[] {
  const others = outbox.filter(({ ref }) => ref !== pending.ref);
  return [...others, pending].sort((a, b) => a.at - b.at);
}

function updatePending(state: ChatState, ref: string, change: (pending: Pending) => Pending): ChatState {
  return { ...state, outbox: state.outbox.map((one) => (one.ref === ref ? change(one) : one)) };
}

function laterId(a: string, b: string): string {
  return a > b ? a : b;
}

function emptyConversation(partner: string): Conversation {
  return { with: partner, messages: [], older: "unknown", unread: 0, readUpTo: "", last: undefined };
}

function withConversation(state: ChatState, partner: string): ChatState {
  return state.conversations.has(partner)
    ? state
    : updateConversation(state, partner, (conversation) => conversation);
}

function updateConversation(
  state: ChatState,
  partner: string,
  change: (conversation: Conversation) => Conversation,
): ChatState {
  const conversations = new Map(state.conversations);
  conversations.set(partner, change(conversations.get(partner) ?? emptyConversation(partner)));
  return { ...state, conversations };
}
