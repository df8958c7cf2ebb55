import { conversationOf, type LogMessage, laterOf } from "@parley/models";
import type { InsertOutcome } from "./store.ts";

/**
 * The greatest id with which each user of a private conversation has sent a message: whoever sends has read up to there (P71).
 * The first user is the one whose name is first in the conversation's name. Absent: the user has sent nothing, or only by
 * way of a persister of an earlier version.
 */
export interface Sent {
  readonly sentByFirst?: string;
  readonly sentBySecond?: string;
}

/** A change to the list of conversations (P57): messages of a private conversation were stored. */
export interface ConversationUpdate extends Sent {
  readonly name: string;
  /** The two users, or one if the user writes to themselves. */
  readonly users: readonly string[];
  /** The id of the last message. */
  readonly last: string;
}

/** Tells if a user of a conversation is the first one. Usernames contain no colon (P4). */
export function isFirstOf(conversation: string, user: string): boolean {
  return conversation.startsWith(`${user}:`);
}

/** Collects messages and returns one update for each of their private conversations. */
export class ConversationUpdates {
  readonly #byName = new Map<string, ConversationUpdate>();

  get size(): number {
    return this.#byName.size;
  }

  /**
   * Adds a message. The order doesn't matter. Ignores public messages: the public room is in nobody's list. `storedAs` is the
   * id of the message for which this one's id stands, if it is an alias.
   */
  add({ id, from, to }: Pick<LogMessage, "id" | "from" | "to">, storedAs = id): void {
    if (to === "") return;
    const name = conversationOf(from, to);
    const known = this.#byName.get(name) ?? {
      name,
      users: from === to ? [from] : [from, to],
      last: storedAs,
    };
    const sent = isFirstOf(name, from) ? "sentByFirst" : "sentBySecond";
    this.#byName.set(name, {
      ...known,
      last: laterOf(known.last, storedAs),
      [sent]: laterOf(known[sent] ?? "", id),
    });
  }

  list(): ConversationUpdate[] {
    return [...this.#byName.values()];
  }
}

/**
 * Returns the updates for the stored messages of a batch, including messages that an earlier attempt stored. If a
 * process dies after it wrote the messages and before it wrote the updates, the retry of the batch writes the updates.
 *
 * With `keepAliases` the senders of duplicates have acks with their ids, so these ids are sent, too (P58, P71).
 */
export function conversationUpdatesOf(
  messages: readonly LogMessage[],
  outcomes: readonly InsertOutcome[],
  keepAliases: boolean,
): ConversationUpdate[] {
  const updates = new ConversationUpdates();
  messages.forEach((message, index) => {
    const outcome = outcomes[index];
    if (outcome?.kind === "stored") updates.add(message);
    else if (outcome?.kind === "duplicateOf" && keepAliases) updates.add(message, outcome.id);
  });
  return updates.list();
}
