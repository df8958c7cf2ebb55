import { conversationOf, type StoredMessage } from "@parley/models";

/** The last message of each conversation, newest first; `messages` are in id order. */
export function newestOfEach(messages: readonly StoredMessage[]): StoredMessage[] {
  const lastMessages = new Map(
    messages.map((message) => [conversationOf(message.from, message.to), message]),
  );
  return [...lastMessages.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}
