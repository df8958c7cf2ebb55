import type { LogMessage } from "@parley/models";

/** The maximum size of a result. If a result reaches either bound, there may be more messages after it. */
export interface PageSize {
  /** Number of messages. */
  readonly limit: number;
  /** Estimated memory of the messages, see `estimateBytes`. Undefined for no bound. */
  readonly maxBytes?: number | undefined;
}

/** Estimated memory per message besides its texts, in bytes: objects, entries in lists, and the ref key. */
const OVERHEAD_BYTES = 400;

/** Estimated memory of one message, in bytes. Texts take two bytes per UTF-16 unit. */
export function estimateBytes({ from, to, content, meta = "", ref = "" }: LogMessage): number {
  return OVERHEAD_BYTES + 2 * (from.length + to.length + content.length + meta.length + ref.length);
}

/** Estimated memory of several messages, in bytes. */
export function estimateAll(messages: readonly LogMessage[]): number {
  return messages.reduce((bytes, message) => bytes + estimateBytes(message), 0);
}

/** Tells if a result reached its maximum size. If not, no more messages follow it. */
export function isFull(messages: readonly LogMessage[], { limit, maxBytes }: PageSize): boolean {
  if (messages.length >= limit) return true;
  if (maxBytes === undefined) return false;
  return estimateAll(messages) >= maxBytes;
}

/** Collects messages until the result is full. The last message may exceed `maxBytes`, so that every read advances. */
export class PageCollector<Item extends LogMessage = LogMessage> {
  readonly messages: Item[] = [];
  readonly #size: PageSize;
  #bytes = 0;

  constructor(size: PageSize) {
    this.#size = size;
  }

  /** Adds a message. Returns true once the result is full. */
  add(message: Item): boolean {
    this.messages.push(message);
    this.#bytes += estimateBytes(message);
    return this.isFull;
  }

  get isFull(): boolean {
    const { limit, maxBytes = Number.POSITIVE_INFINITY } = this.#size;
    return this.messages.length >= limit || this.#bytes >= maxBytes;
  }
}

/** Returns the first messages, up to the maximum size. The last one may exceed `maxBytes`. */
export function firstFitting<Item extends LogMessage>(messages: Iterable<Item>, size: PageSize): Item[] {
  const page = new PageCollector<Item>(size);
  if (page.isFull) return page.messages;
  for (const message of messages) if (page.add(message)) break;
  return page.messages;
}
