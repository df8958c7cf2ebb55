import { conversationOf, type LogEntry, positionOf } from "@parley/models";

/**
 * A list of entries as it was when the view was taken. The underlying array may grow later, so readers must ignore
 * every element at or after `length`.
 */
export interface EntryView<Entry extends LogEntry> {
  readonly entries: readonly Entry[];
  readonly length: number;
}

/**
 * Entries at the end of the log, in log order, indexed by conversation.
 *
 * Taking a view is O(1), and a view never changes. Adding only appends to an array; dropping replaces an array with
 * a shorter copy, so views that were taken before still refer to the old array.
 */
export class EntryList<Entry extends LogEntry> {
  #all: Entry[] = [];
  readonly #byConversation = new Map<string, Entry[]>();

  get length(): number {
    return this.#all.length;
  }

  /** Appends an entry, which must come after every entry that is already here. */
  add(entry: Entry): void {
    const conversation = conversationOf(entry.from, entry.to);
    this.#all.push(entry);
    const list = this.#byConversation.get(conversation);
    if (list) list.push(entry);
    else this.#byConversation.set(conversation, [entry]);
  }

  /** Drops every entry up to and including `id`, and returns what was dropped. */
  dropUpTo(id: string): readonly Entry[] {
    const dropped = this.#all.slice(0, indexAfter(this.#all, this.#all.length, id));
    if (dropped.length === 0) return dropped;
    this.#all = this.#all.slice(dropped.length);
    const conversations = new Set(dropped.map(({ from, to }) => conversationOf(from, to)));
    for (const conversation of conversations) this.#dropFromConversation(conversation, id);
    return dropped;
  }

  /** Returns the entries of a conversation, or all entries. */
  view(conversation?: string): EntryView<Entry> {
    const entries = conversation === undefined ? this.#all : (this.#byConversation.get(conversation) ?? []);
    return { entries, length: entries.length };
  }

  #dropFromConversation(conversation: string, id: string): void {
    const list = this.#byConversation.get(conversation) ?? [];
    const kept = list.slice(indexAfter(list, list.length, id));
    if (kept.length === 0) this.#byConversation.delete(conversation);
    else this.#byConversation.set(conversation, kept);
  }
}

/** The index of the first entry after `id`, among the first `length` entries. Entries must be in the order of the log. */
export function indexAfter(entries: readonly LogEntry[], length: number, id: string): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle];
    if (entry !== undefined && positionOf(entry) > id) high = middle;
    else low = middle + 1;
  }
  return low;
}
