import type { Message } from "@parley/client";
import type { ChatState, Conversation, Pending, SavedEntry } from "./state.ts";
import { MAX_UNREAD } from "./unread/count.ts";

/** The rank of a conversation that belongs at the top. It sorts after every message id. */
const TOP_RANK = "9";

/** Returns the conversations in the list's order: the public room first, then by the last message, newest first. */
export function sortedConversations({ conversations, outbox, open }: ChatState): Conversation[] {
  const waiting = new Set(outbox.map(({ to }) => to));
  // A new conversation without messages is already where its first message will put it.
  const rank = ({ with: partner, last }: Conversation) =>
    last === undefined || waiting.has(partner) ? TOP_RANK : last.id;
  const shown = [...conversations.values()].filter(
    ({ with: partner, last }) => partner === "" || last || partner === open || waiting.has(partner),
  );
  return shown.sort((a, b) => {
    if (a.with === "" || b.with === "") return a.with === "" ? -1 : 1;
    const [one, other] = [rank(a), rank(b)];
    return one === other ? 0 : one > other ? -1 : 1;
  });
}

/** Returns the unsettled messages that are shown below a conversation's messages. */
export function pendingIn({ outbox }: ChatState, partner: string): Pending[] {
  return outbox.filter(
    ({ to, phase, seenAs }) =>
      to === partner && (seenAs === undefined || phase === "failed" || phase === "unknown"),
  );
}

/** Bounds on what is saved: a browser stores about 5 million characters for a page. */
const MAX_SAVED_ENTRIES = 500;
const MAX_SAVED_CHARACTERS = 200;

/** Returns the part of the list that is saved for the next visit, with the beginning of each last message. */
export function entriesToSave(state: ChatState): SavedEntry[] {
  return sortedConversations(state)
    .slice(0, MAX_SAVED_ENTRIES)
    .flatMap(({ with: partner, last, unread, readUpTo, countedTo }) =>
      last ? [{ with: partner, last: beginningOf(last), unread, readUpTo, countedTo }] : [],
    );
}

function beginningOf(message: Message): Message {
  return { ...message, content: message.content.slice(0, MAX_SAVED_CHARACTERS) };
}

/** Returns the number of unread messages over all conversations as a text, "" for none. */
export function totalUnread({ conversations }: ChatState): string {
  const counts = [...conversations.values()].map(({ unread }) => unread);
  const sum = counts.reduce((total, count) => total + count, 0);
  return `${sum || ""}${counts.some(isLowerBound) ? "+" : ""}`;
}

/** Returns the number of unread messages of a conversation as a text. The server counts no further than MAX_UNREAD. */
export function unreadText({ unread }: Conversation): string {
  return `${unread}${isLowerBound(unread) ? "+" : ""}`;
}

const isLowerBound = (unread: number) => unread >= MAX_UNREAD;
