import type { Message } from "@parley/client";
import type { ChatState, Conversation, ListedConversation, NewLine } from "../state.ts";

/** Returns the line for a conversation that is being opened. */
export function newLineOf({ hasCounts }: ChatState, { certainty, unread, readUpTo }: Conversation): NewLine {
  if (!hasCounts || certainty !== "sure") return "unknown";
  return unread > 0 ? { after: readUpTo } : "none";
}

/** Places the line as soon as the server has told how far the open conversation is read. */
export function placeNewLine(state: ChatState, entries: readonly ListedConversation[]): ChatState {
  if (state.newLine !== "unknown") return state;
  const told = entries.find((entry) => entry.with === state.open && entry.unread !== undefined);
  if (told === undefined) return state;
  return { ...state, newLine: told.unread === 0 ? "none" : { after: told.read ?? "" } };
}

/** Returns the id of the message below the line. Undefined if there is no line, or if its place isn't in memory. */
export function idBelowLine({ me, newLine }: ChatState, conversation: Conversation): string | undefined {
  if (typeof newLine === "string") return undefined;
  const { messages, older } = conversation;
  const isNew = ({ id, from, deleted }: Message) => id > newLine.after && from !== me && !deleted;
  const index = messages.findIndex(isNew);
  // An earlier message could be the first new one.
  if (index === 0 && older !== "none") return undefined;
  return messages[index]?.id;
}
