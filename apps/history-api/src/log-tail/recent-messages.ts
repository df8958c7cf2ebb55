import { conversationOf, type LogMessage, laterOf, refKey } from "@parley/models";

/** What the list held when it was taken: those behind `length` came later. The array itself only ever grows. */
export interface View {
  readonly messages: readonly LogMessage[];
  readonly length: number;
}

/** What a message takes besides its texts, in bytes: objects, places in three lists, the key of its ref. */
const OVERHEAD_BYTES = 400;
const EMPTY: View = { messages: [], length: 0 };

/**
 * The messages at the log's end, in its order and by conversation. A view costs nothing to take and stays as it is:
 * arrays are only added to, and what leaves does so by a new array being put in an old one's place.
 */
export class RecentMessages {
  #since: string;
  #all: LogMessage[] = [];
  readonly #byConversation = new Map<string, LogMessage[]>();
  readonly #byRef = new Map<string, LogMessage>();
  #bytes = 0;

  /** `since`: what comes is everything behind this. */
  constructor(since: string) {
    this.#since = since;
  }

  /** Everything that came is here but what lies at or before this. */
  get since(): string {
    return this.#since;
  }

  get entries(): number {
    return this.#all.length;
  }

  /** About what all of it takes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** `messages` follow everything that is here, in the log's order. */
  add(messages: readonly LogMessage[]): void {
    for (const message of messages) {
      const conversation = conversationOf(message.from, message.to);
      const key = refKey(message);
      this.#all.push(message);
      const list = this.#byConversation.get(conversation);
      if (list) list.push(message);
      else this.#byConversation.set(conversation, [message]);
      if (key !== undefined && !this.#byRef.has(key)) this.#byRef.set(key, message);
      this.#bytes += bytesOf(message);
    }
  }

  /** Lets go of everything up to `id`, included. */
  dropUpTo(id: string): void {
    this.#since = laterOf(this.#since, id);
    const gone = this.#all.slice(0, indexAfter(this.#all, this.#all.length, id));
    if (gone.length === 0) return;
    this.#all = this.#all.slice(gone.length);
    for (const name of new Set(gone.map((message) => conversationOf(message.from, message.to))))
      this.#dropFrom(name, id);
    for (const message of gone) {
      const key = refKey(message);
      if (key !== undefined && this.#byRef.get(key) === message) this.#byRef.delete(key);
      this.#bytes -= bytesOf(message);
    }
  }

  all(): View {
    return { messages: this.#all, length: this.#all.length };
  }

  of(conversation: string): View {
    const messages = this.#byConversation.get(conversation);
    return messages ? { messages, length: messages.length } : EMPTY;
  }

  /** The first one here with this ref key (models' `refKey`). */
  firstWithRef(key: string): LogMessage | undefined {
    return this.#byRef.get(key);
  }

  #dropFrom(conversation: string, id: string): void {
    const list = this.#byConversation.get(conversation) ?? [];
    const left = list.slice(indexAfter(list, list.length, id));
    if (left.length === 0) this.#byConversation.delete(conversation);
    else this.#byConversation.set(conversation, left);
  }
}

/** The index of the first message, of the first `length`, whose id sorts after `id`. */
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

/** About what a message takes in memory. */
export function bytesOf({ from, to, content, ref = "" }: LogMessage): number {
  return OVERHEAD_BYTES + 2 * (from.length + to.length + content.length + ref.length);
}
