import { conversationOf, type LogMessage } from "@parley/models";
import type { InsertOutcome } from "./store.ts";

/** A change to the list of conversations (P57): a private conversation has a new last message. */
export interface ConversationUpdate {
  readonly name: string;
  /** The two users, or one if the user writes to themselves. */
  readonly users: readonly string[];
  /** The id of the last message. */
  readonly last: string;
}

/** Collects messages and returns one update for each of their private conversations, with its last message. */
export class ConversationUpdates {
  readonly #byName = new Map<string, ConversationUpdate>();

  get size(): number {
    return this.#byName.size;
  }

  /** Adds a message. The order doesn't matter. Ignores public messages: the public room is in nobody's list. */
  add({ id, from, to }: Pick<LogMessage, "id" | "from" | "to">): void {
    if (to === "") return;
    const name = conversationOf(from, to);
    const known = this.#byName.get(name);
    if (known && known.last >= id) return;
    this.#byName.set(name, { name, users: known?.users ?? (from === to ? [from] : [from, to]), last: id });
  }

  list(): ConversationUpdate[] {
    return [...this.#byName.values()];
  }
}

/**
 * Returns the updates for the stored messages of a batch, including messages that an earlier attempt stored. If a
 * process dies after it wrote the messages and before it wrote the updates, the retry of the batch writes the updates.
 */
export function conversationUpdatesOf(
  messages: readonly LogMessage[],
  outcomes: readonly InsertOutcome[],
): ConversationUpdate[] {
  const updates = new ConversationUpdates();
  messages.forEach((message, index) => {
    if (outcomes[index]?.kind === "stored") updates.add(message);
  });
  return updates.list();
}
