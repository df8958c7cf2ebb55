import type { ReadMark } from "@parley/client";
import type { ChatEvent, ChatState, ListedConversation } from "../state.ts";

type OwnMark = Pick<ReadMark, "with" | "id">;

/** Returns the mark to send after an event: the user has seen the open conversation up to a later message than before. */
export function markAfter(before: ChatState, event: ChatEvent, after: ChatState): OwnMark | undefined {
  const { open, onScreen, conversations } = after;
  if (open === undefined || event.type === "read" || !after.attentive) return undefined;
  const isNew = (before.conversations.get(open)?.readUpTo ?? "") < onScreen;
  return isNew && conversations.get(open)?.readUpTo === onScreen ? { with: open, id: onScreen } : undefined;
}

/**
 * Returns the marks that the server should have had for its response, but doesn't. The tab in which the user read may have
 * ended before it could send them.
 */
export function missingMarks(
  { conversations, hasCounts }: ChatState,
  entries: readonly ListedConversation[],
): OwnMark[] {
  if (!hasCounts) return [];
  return entries.flatMap(({ with: partner, last, read = "" }) => {
    const id = conversations.get(partner)?.readUpTo ?? "";
    return id > read && id <= (last?.id ?? "") ? [{ with: partner, id }] : [];
  });
}

/**
 * Returns true if a conversation whose last message is before this id may have another count than the page shows. Messages
 * arrive here anyway, and marks only lower a count.
 */
export function mayHaveOtherCount({ conversations, open }: ChatState, id: string): boolean {
  return [...conversations.values()].some(
    ({ with: partner, last, unread, certainty }) =>
      partner !== "" &&
      last !== undefined &&
      last.id < id &&
      (unread > 0 || certainty !== "sure" || partner === open),
  );
}

/** Returns true if a count can only be learned from the server, which can be asked. */
export function isCountUncertain({ conversations, connection }: ChatState): boolean {
  return (
    connection.phase === "live" && [...conversations.values()].some(({ certainty }) => certainty === "unsure")
  );
}
