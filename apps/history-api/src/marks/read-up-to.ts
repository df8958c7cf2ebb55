import { laterOf, type StoredMessage } from "@parley/models";
import type { MessageView } from "../log-tail/recent-messages.ts";

/** Everything that says how far a user has read a conversation (P71). */
export interface ReadEvidence {
  /** The greatest mark, and the greatest id of a sent message, of each place that was asked. Undefined: there is none. */
  readonly known: readonly (string | undefined)[];
  /** The conversation's last message. */
  readonly last: StoredMessage | undefined;
  /** The conversation's messages at the end of the log, as they were before the store was asked (L27). */
  readonly tail: MessageView;
}

/**
 * Returns the message up to which a user has read: the greatest of the user's marks, and of the ids with which the user has
 * sent a message in the conversation (P71). A later position is never lower than an earlier one, because none of these ids goes
 * away. So a repeated message counts with each of its ids (P58), and a deleted message counts too. Returns "" for nothing.
 *
 * Messages that an earlier version stored count as long as the tail has them, or as the last message.
 */
export function readUpTo(user: string, { known, last, tail }: ReadEvidence): string {
  const sent = last?.from === user ? last.id : "";
  const read = known.reduce<string>((most, id = "") => laterOf(most, id), sent);
  return laterOf(read, lastSent(user, tail, read));
}

/** Returns the id of the user's last message in the tail, if it is after `after`. */
function lastSent(user: string, { entries, length }: MessageView, after: string): string {
  for (let at = length - 1; at >= 0; at -= 1) {
    const message = entries[at];
    if (!message || message.id <= after) break;
    if (message.from === user) return message.id;
  }
  return after;
}
