import { conversationOf, type LogMessage } from "@parley/models";
import type { Inserted } from "./store.ts";

/** A private conversation as the list of conversations needs it (P57). The public room is in nobody's list. */
export interface Conversation {
  readonly name: string;
  /** The two it is between; one for who writes to oneself. */
  readonly users: readonly string[];
  /** Its last message's id. */
  readonly last: string;
}

/** The private conversations that some messages are of, each with the last of these. */
export class Moved {
  readonly #byName = new Map<string, Conversation>();

  get size(): number {
    return this.#byName.size;
  }

  add({ id, from, to }: Pick<LogMessage, "id" | "from" | "to">): void {
    if (to === "") return;
    const name = conversationOf(from, to);
    const known = this.#byName.get(name);
    if (known && known.last >= id) return;
    this.#byName.set(name, { name, users: known?.users ?? (from === to ? [from] : [from, to]), last: id });
  }

  all(): Conversation[] {
    return [...this.#byName.values()];
  }
}

/**
 * The conversations that a batch moves on, by what became of its messages: those that are kept now, and those that
 * were kept already. So a batch that comes again, after the process died between the messages and these, mends it.
 */
export function movedBy(messages: readonly LogMessage[], outcomes: readonly Inserted[]): Conversation[] {
  const moved = new Moved();
  messages.forEach((message, place) => {
    if (outcomes[place]?.kind === "stored") moved.add(message);
  });
  return moved.all();
}
