import type { StoredMessage } from "@parley/models";

/** Unread messages are looked for in this many messages. The count of as many means that many or more (P71). */
const UNREAD_WINDOW = 100;

/**
 * A page of messages after the mark, oldest first, and the exclusive bound of the page before it, if there is one. Their
 * content isn't needed.
 */
export interface CountedMessages {
  readonly messages: readonly StoredMessage[];
  readonly next: string | undefined;
}

/**
 * Counts the messages of others after the mark that aren't deleted, in the newest 100 messages after it. A message of the
 * reader counts as a mark: whoever sends has read up to there. Returns this mark, too. In a private conversation the given
 * mark is such a message already, unless an earlier version has stored it (P71).
 *
 * `readPage` reads the newest messages before an id. A page may end early, and then the next one is read.
 */
export async function countUnread(
  reader: string,
  mark: string,
  end: string,
  readPage: (before: string, limit: number) => Promise<CountedMessages>,
): Promise<{ read: string; unread: number }> {
  let unread = 0;
  let left = UNREAD_WINDOW;
  for (let before: string | undefined = end; before !== undefined && left > 0; ) {
    const { messages, next } = await readPage(before, left);
    for (const { id, from, deleted } of messages.toReversed()) {
      if (from === reader) return { read: id, unread };
      if (!deleted) unread += 1;
    }
    left -= messages.length;
    before = next;
  }
  return { read: mark, unread };
}
