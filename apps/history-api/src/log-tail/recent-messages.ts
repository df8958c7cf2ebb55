import {
  conversationOf,
  isChange,
  type LogChange,
  type LogEntry,
  type LogMessage,
  laterOf,
  positionOf,
} from "@parley/models";
import { estimateBytes } from "@parley/store";
import { TailRefs } from "./tail-refs.ts";

/**
 * A list of messages as it was when the view was taken. The underlying array may grow later, so readers must ignore
 * every element at or after `length`.
 */
export interface MessageView {
  readonly messages: readonly LogMessage[];
  readonly length: number;
}

/** A list of changes in the same form. */
export interface ChangeView {
  readonly changes: readonly LogChange[];
  readonly length: number;
}

const EMPTY: MessageView = { messages: [], length: 0 };

/**
 * The messages at the end of the log, in log order, indexed by conversation and by ref. Beside them the changes at the end of
 * the log (L28), which are kept for as long.
 *
 * Taking a view is O(1), and a view never changes. Adding only appends to an array; dropping replaces an array with
 * a shorter copy, so views that were taken before still refer to the old array.
 */
export class RecentMessages {
  #since: string;
  #all: LogMessage[] = [];
  #changes: LogChange[] = [];
  readonly #byConversation = new Map<string, LogMessage[]>();
  readonly refs = new TailRefs();
  #bytes = 0;

  /** `since` is a position in the log. The caller adds every entry after it. */
  constructor(since: string) {
    this.#since = since;
  }

  /** All entries that were added after this position are still here. Earlier ones were dropped or never added. */
  get since(): string {
    return this.#since;
  }

  get entries(): number {
    return this.#all.length + this.#changes.length;
  }

  /** Estimated memory of all entries here, in bytes. */
  get bytes(): number {
    return this.#bytes + this.refs.bytes;
  }

  /** Appends entries. They must be in log order and come after every entry that is already here. */
  add(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      this.#bytes += estimate(entry);
      if (isChange(entry)) this.#changes.push(entry);
      else this.#addMessage(entry);
    }
  }

  /** Drops every entry up to and including `id`. */
  dropUpTo(id: string): void {
    this.#since = laterOf(this.#since, id);
    this.#dropChanges(id);
    const dropped = this.#all.slice(0, indexAfter(this.#all, this.#all.length, id));
    if (dropped.length === 0) return;
    this.#all = this.#all.slice(dropped.length);
    const conversations = new Set(dropped.map((message) => conversationOf(message.from, message.to)));
    for (const conversation of conversations) this.#dropFromConversation(conversation, id);
    for (const message of dropped) {
      this.refs.drop(message);
      this.#bytes -= estimate(message);
    }
  }

  viewChanges(): ChangeView {
    return { changes: this.#changes, length: this.#changes.length };
  }

  viewAll(): MessageView {
    return { messages: this.#all, length: this.#all.length };
  }

  viewConversation(conversation: string): MessageView {
    const messages = this.#byConversation.get(conversation);
    return messages ? { messages, length: messages.length } : EMPTY;
  }

  #addMessage(message: LogMessage): void {
    const conversation = conversationOf(message.from, message.to);
    this.#all.push(message);
    const list = this.#byConversation.get(conversation);
    if (list) list.push(message);
    else this.#byConversation.set(conversation, [message]);
    this.refs.add(message);
  }

  #dropChanges(id: string): void {
    const dropped = this.#changes.slice(0, indexAfter(this.#changes, this.#changes.length, id));
    if (dropped.length === 0) return;
    this.#changes = this.#changes.slice(dropped.length);
    for (const change of dropped) this.#bytes -= estimate(change);
  }

  #dropFromConversation(conversation: string, id: string): void {
    const list = this.#byConversation.get(conversation) ?? [];
    const kept = list.slice(indexAfter(list, list.length, id));
    if (kept.length === 0) this.#byConversation.delete(conversation);
    else this.#byConversation.set(conversation, kept);
  }
}

/** Estimated memory of an entry, in bytes. */
function estimate(entry: LogEntry): number {
  return estimateBytes(isChange(entry) ? { content: "", ...entry } : entry);
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
