import type { Message } from "@parley/client";
import { lowerBound } from "../lower-bound.ts";
import type { ChatState, Conversation, ListedConversation } from "../state.ts";

/** Unread messages are looked for in this many messages after the mark, as the server does (P71). */
export const MAX_UNREAD = 100;

/** The parts of the state that counting depends on. */
type CountState = Pick<ChatState, "me" | "connection" | "hasCounts" | "lastId">;

/** Counts a message that arrived from the stream and is in memory now. Sending counts as reading. */
export function countArrival(state: CountState, before: Conversation, message: Message): Conversation {
  const { id, from, deleted } = message;
  if (from === state.me) return raiseRead(state, before, id);
  const isNew = id > state.lastId && id > before.countedTo && id > before.readUpTo;
  // Whoever sends a message has read up to it.
  const readBy = from === before.with ? laterId(before.readBy, id) : before.readBy;
  const conversation = { ...before, countedTo: laterId(before.countedTo, id), readBy };
  if (!isNew || deleted) return conversation;
  const unread = Math.min(MAX_UNREAD, conversation.unread + 1);
  // The server hasn't told how far this conversation is read, so there may be more.
  const certainty = state.hasCounts && !conversation.isTold ? "unsure" : conversation.certainty;
  return recount(state, { ...conversation, unread, certainty });
}

/** The user has read up to a message. Counts those after it, or leaves that to the server. */
export function raiseRead(state: CountState, before: Conversation, upTo: string): Conversation {
  if (upTo <= before.readUpTo) return before;
  const conversation = { ...before, readUpTo: upTo };
  if (conversation.unread === 0) return conversation;
  if (upTo >= (conversation.last?.id ?? "")) return { ...conversation, unread: 0 };
  if (isCovered(state, conversation)) return recount(state, conversation);
  if (!state.hasCounts) {
    return {
      ...conversation,
      unread: Math.min(conversation.unread, countAfter(state.me, conversation, upTo)),
    };
  }
  return { ...conversation, certainty: "unsure" };
}

/** Counts again after a message was deleted that may have been unread. */
export function countDeletion(state: CountState, conversation: Conversation, deleted: Message): Conversation {
  const { unread, readUpTo } = conversation;
  if (deleted.from === state.me || deleted.id <= readUpTo || unread === 0) return conversation;
  if (isCovered(state, conversation)) return recount(state, conversation);
  if (!state.hasCounts) return { ...conversation, unread: unread - 1 };
  // The count of the server may be older or newer than the deletion.
  return { ...conversation, certainty: "unsure" };
}

/**
 * Takes the count that the server told. The stream may be ahead of the response, and so may the marks: one in the middle of
 * what the server counted makes the count uncertain.
 */
export function takeCount(
  state: CountState,
  before: Conversation,
  { last, unread, read = "", readBy = "" }: ListedConversation,
): Conversation {
  if (unread === undefined) return before;
  const end = last?.id ?? "";
  const readUpTo = laterId(before.readUpTo, read);
  const isBetween = readUpTo > read && readUpTo < end;
  const listed = readUpTo > read && readUpTo >= end ? 0 : unread;
  const conversation: Conversation = {
    ...before,
    readUpTo,
    readBy: laterId(before.readBy, readBy),
    countedTo: laterId(before.countedTo, end),
    unread: Math.min(MAX_UNREAD, listed + countAfter(state.me, before, laterId(end, readUpTo))),
    isTold: true,
    certainty: isBetween || before.certainty === "unsure" ? "unsure" : "sure",
  };
  return recount(state, conversation);
}

/** Returns the later one of two ids, or "" for none. Ids sort as text. */
export function laterId(a: string, b: string): string {
  return a > b ? a : b;
}

/** Counts from the messages in memory, if all that counts is there. */
function recount(state: CountState, conversation: Conversation): Conversation {
  if (!isCovered(state, conversation)) return conversation;
  const unread = countAfter(state.me, conversation, conversation.readUpTo);
  return { ...conversation, unread, certainty: "sure" };
}

/**
 * Returns true if all messages after the mark are in memory. While the client catches up, a newer page of history may leave
 * a hole.
 */
function isCovered({ connection }: CountState, conversation: Conversation): boolean {
  const { isTold, messages, older, readUpTo, countedTo } = conversation;
  if (connection.phase !== "live" || !isTold) return false;
  const [first] = messages;
  const isWhole = older === "none" || (first !== undefined && first.id <= readUpTo);
  return isWhole && (messages.at(-1)?.id ?? "") >= countedTo;
}

/** Counts the messages of others after an id like the server. */
function countAfter(me: string, { messages }: Conversation, id: string): number {
  const from = lowerBound(messages, id);
  const after = messages.slice(messages[from]?.id === id ? from + 1 : from);
  return after.slice(-MAX_UNREAD).filter((message) => message.from !== me && !message.deleted).length;
}
