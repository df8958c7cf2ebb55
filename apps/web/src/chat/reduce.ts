import type { Message, State } from "@parley/client";
import { addMessages, changeMessage, laterOf, mergeMessages } from "./merge-messages.ts";
import type { ChatEvent, ChatState, Conversation, ListedConversation, Pending, SavedEntry } from "./state.ts";
import { countArrival, countDeletion, laterId, raiseRead, takeCount } from "./unread/count.ts";
import { newLineOf, placeNewLine } from "./unread/new-line.ts";

export function initialState(
  me: string,
  saved: { readonly lastId: string; readonly conversations: readonly SavedEntry[] },
): ChatState {
  const state: ChatState = {
    me,
    connection: { phase: "connecting" },
    hasBeenReady: false,
    conversations: new Map([["", emptyConversation("")]]),
    open: undefined,
    attentive: true,
    following: true,
    onScreen: "",
    newLine: "none",
    outbox: [],
    lastId: saved.lastId,
    hasCounts: false,
    hasReceipts: false,
  };
  return saved.conversations.reduce(restoreEntry, state);
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
      return updateConversation(state, event.with, (conversation) =>
        raiseRead(state, conversation, event.upTo),
      );
    case "read-by":
      return onReadBy(state, event);
    case "attention":
      return onAttention(state, event.attentive);
    case "on-screen":
      return event.with === state.open ? readScreen({ ...state, onScreen: event.id }) : state;
    case "following":
      return { ...state, following: event.following };
    case "page-requested":
      return updateConversation(state, event.with, (conversation) => ({ ...conversation, older: "loading" }));
    case "page":
      return onPage(state, event);
    case "page-failed":
      return updateConversation(state, event.with, (conversation) => ({ ...conversation, older: "failed" }));
    case "listed":
      return onListed(state, event.entries);
    case "counts-requested":
      return onCountsRequested(state);
    case "queued":
      return {
        ...withConversation(state, event.pending.to),
        outbox: withPending(state.outbox, event.pending),
        newLine: event.pending.to === state.open ? "none" : state.newLine,
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
  const next: ChatState = {
    ...addMessage(state, partner, message),
    lastId: laterId(state.lastId, message.id),
    outbox: message.from === state.me ? markSeen(state.outbox, message) : state.outbox,
  };
  const isAtEnd = state.open === partner && state.following && state.onScreen !== "";
  if (!isAtEnd || message.from === state.me || message.id <= state.onScreen) return next;
  // The list scrolls to the message. The user is watching, so a line would come too late.
  const isLate = state.newLine === "unknown" && state.connection.phase === "live";
  return readScreen({ ...next, onScreen: message.id, newLine: isLate ? "none" : state.newLine });
}

/** Adds a message to its conversation, and counts it. */
function addMessage(state: ChatState, partner: string, message: Message): ChatState {
  return updateConversation(state, partner, (before) => {
    const added = addMessages(before, [message], state.open !== partner || state.following);
    const conversation = { ...before, ...added, last: laterOf(before.last, message) };
    return countArrival(state, conversation, message);
  });
}

/** A message that isn't in memory arrives changed, with its page of history. */
function onChanged(state: ChatState, message: Message): ChatState {
  const partner = partnerOf(state.me, message);
  if (!state.conversations.has(partner)) return state;
  return updateConversation(state, partner, (conversation) => {
    const changed = changeMessage(conversation, message);
    return message.deleted ? countDeletion(state, changed, message) : changed;
  });
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
  const closed: ChatState = { ...state, open: partner, following: true, onScreen: "", newLine: "none" };
  if (partner === undefined) return closed;
  const next = withConversation(closed, partner);
  const conversation = next.conversations.get(partner);
  return conversation ? { ...next, newLine: newLineOf(next, conversation) } : next;
}

/** A user who comes back finds the line above the messages that came meanwhile. */
function onAttention(state: ChatState, attentive: boolean): ChatState {
  const conversation = state.open === undefined ? undefined : state.conversations.get(state.open);
  const isBack = attentive && !state.attentive && state.hasCounts;
  const newLine = isBack && conversation?.unread ? newLineOf(state, conversation) : state.newLine;
  return readScreen({ ...state, attentive, newLine });
}

/** The user has read up to the newest message on the screen, if the user may be looking at it. */
function readScreen(state: ChatState): ChatState {
  const { open, attentive, onScreen } = state;
  if (open === undefined || !attentive || onScreen === "") return state;
  return updateConversation(state, open, (conversation) => raiseRead(state, conversation, onScreen));
}

function onReadBy(
  state: ChatState,
  { with: partner, upTo }: Extract<ChatEvent, { type: "read-by" }>,
): ChatState {
  return updateConversation({ ...state, hasReceipts: true }, partner, (conversation) => ({
    ...conversation,
    readBy: laterId(conversation.readBy, upTo),
  }));
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

function restoreEntry(
  state: ChatState,
  { with: partner, last, unread, readUpTo = "", countedTo = "" }: SavedEntry,
): ChatState {
  return updateConversation(state, partner, (conversation) => ({
    ...conversation,
    unread,
    readUpTo,
    countedTo,
    last,
  }));
}

function onListed(state: ChatState, entries: readonly ListedConversation[]): ChatState {
  const hasCounts = state.hasCounts || entries.some(({ unread }) => unread !== undefined);
  const hasReceipts = state.hasReceipts || entries.some(({ readBy }) => readBy !== undefined);
  const told: ChatState = { ...state, hasCounts, hasReceipts };
  const next = entries.reduce(
    (before, entry) =>
      updateConversation(before, entry.with, (conversation) =>
        takeCount(told, { ...conversation, last: laterOf(conversation.last, entry.last) }, entry),
      ),
    told,
  );
  return placeNewLine(next, entries);
}

function onCountsRequested(state: ChatState): ChatState {
  const conversations = new Map(state.conversations);
  for (const [partner, conversation] of conversations)
    if (conversation.certainty === "unsure")
      conversations.set(partner, { ...conversation, certainty: "asked" });
  return { ...state, conversations };
}

/** Shows an acknowledged message at its place in the log, even if its live copy hasn't arrived yet (P10). */
function onSent(state: ChatState, { ref, id, timestamp }: Extract<ChatEvent, { type: "sent" }>): ChatState {
  const pending = state.outbox.find((one) => one.ref === ref);
  if (!pending) return state;
  const message: Message = { id, from: state.me, to: pending.to, content: pending.content, timestamp };
  const settled = addMessage(state, pending.to, message);
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

function emptyConversation(partner: string): Conversation {
  const count = {
    unread: 0,
    readUpTo: "",
    countedTo: "",
    isTold: false,
    certainty: "sure",
    readBy: "",
  } as const;
  return { with: partner, messages: [], older: "unknown", last: undefined, ...count };
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
