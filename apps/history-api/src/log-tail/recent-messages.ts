import { conversationOf, type LogMessage, laterOf } from "@parley/models";
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

const EMPTY: MessageView = { messages: [], length: 0 };

/**
 * The messages at the end of the log, in log order, indexed by conversation and by ref.
 *
 * Taking a view is O(1), and a view never changes. Adding only appends to an array; dropping replaces an array with
 * a shorter copy, so views that were taken before still refer to the old array.
 */
export class RecentMessages {
  #since: string;
  #all: LogMessage[] = [];
  readonly #byConversation = new Map<string, LogMessage[]>();
  readonly refs = new TailRefs();
  #bytes = 0;

  /** `since` is a position in the log. The caller adds every message after it. */
  constructor(since: string) {
    this.#since = since;
  }

  /** All messages that were added after this position are still here. Earlier ones were dropped or never added. */
  get since(): string {
    return this.#since;
  }

  get entries(): number {
    return this.#all.length;
  }

  /** Estimated memory of all messages here, in bytes. */
  get bytes(): number {
    return this.#bytes + this.refs.bytes;
  }

  /** Appends messages. They must be in log order and come after every message that is already here. */
  add(messages: readonly LogMessage[]): void {
    for (const message of messages) {
      const conversation = conversationOf(message.from, message.to);
      this.#all.push(message);
      const list = this.#byConversation.get(conversation);
      if (list) list.push(message);
      else this.#byConversation.set(conversation, [message]);
      this.refs.add(message);
      this.#bytes += estimateBytes(message);
    }
  }

  /** Drops every message up to and including `id`. */
  dropUpTo(id: string): void {
    this.#since = laterOf(this.#since, id);
    const dropped = this.#all.slice(0, indexAfter(this.#all, this.#all.length, id));
    if (dropped.length === 0) return;
    this.#all = this.#all.slice(dropped.length);
    const conversations = new Set(dropped.map((message) => conversationOf(message.from, message.to)));
    for (const conversation of conversations) this.#dropFromConversation(conversation, id);
    for (const message of dropped) {
      this.refs.drop(message);
      this.#bytes -= estimateBytes(message);
    }
  }

  viewAll(): MessageView {
    return { messages: this.#all, length: this.#all.length };
  }

  viewConversation(conversation: string): MessageView {
    const messages = this.#byConversation.get(conversation);
    return messages ? { messages, length: messages.length } : EMPTY;
  }

  #dropFromConversation(conversation: string, id: string): void {
    const list = this.#byConversation.get(conversation) ?? [];
    const kept = list.slice(indexAfter(list, list.length, id));
    if (kept.length === 0) this.#byConversation.delete(conversation);
    else this.#byConversation.set(conversation, kept);
  }
}

/** The index of the first message after `id`, among the first `length` messages. Messages must be in id order. */
export function indexAfter(messages: readonly LogMessage[], length: number, id: string): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((messages[middle]?.id ?? "") > id) high = middle;
    else low = middle + 1;
  }
  return low;
}
