import { type LogMessage, refKey, type StoredMessage } from "@parley/models";
import { estimateBytes } from "@parley/store";

/** The stored message that has a ref, undefined if there is none, or `unknown` if the store must be asked. */
export type Holder = StoredMessage | undefined | "unknown";

/**
 * The refs of the messages in the tail, and what is known about them in the store.
 *
 * The store's answer about a ref is remembered for exactly as long as asking again would change nothing (G2, P56):
 *
 * - A message that holds the ref holds it for ever: its ref and its first content never change.
 * - "Nobody holds it" is true while one message of the tail has the ref, and no other one had it. Everything before the
 *   tail was stored before the question, so a holder among it would have been found. Everything after is in the tail. So
 *   the only holder that can appear is the message itself, and it is shown in the same place, pending or stored.
 *
 * If several messages of the tail have the ref, one of them can become the holder at any time, also the later one. If
 * the first were dropped from the tail, an old "nobody" would show its ref twice. So the store is asked each time, until
 * all of them are dropped.
 */
export class TailRefs {
  readonly #first = new Map<string, LogMessage>();
  /** For each ref that occurred more than once: the messages that have it and aren't dropped. */
  readonly #repeated = new Map<string, { readonly count: number; readonly last: LogMessage }>();
  /** The answers for messages of the tail. Dropped with their messages, so the tail bounds their number (G5). */
  readonly #holders = new Map<LogMessage, StoredMessage | undefined>();
  #bytes = 0;

  /** Number of remembered answers. */
  get remembered(): number {
    return this.#holders.size;
  }

  /** Estimated memory of the remembered holders, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  add(message: LogMessage): void {
    const key = refKey(message);
    if (key === undefined) return;
    const repeated = this.#repeated.get(key);
    if (repeated !== undefined) this.#repeated.set(key, { count: repeated.count + 1, last: message });
    else if (this.#first.has(key)) this.#repeated.set(key, { count: 2, last: message });
    if (!this.#first.has(key)) this.#first.set(key, message);
  }

  drop(message: LogMessage): void {
    const key = refKey(message);
    if (key === undefined) return;
    if (this.#first.get(key) === message) this.#first.delete(key);
    const { count = 0, last = message } = this.#repeated.get(key) ?? {};
    if (count > 1) this.#repeated.set(key, { count: count - 1, last });
    else this.#repeated.delete(key);
    const holder = this.#holders.get(message);
    if (holder) this.#bytes -= estimateBytes(holder);
    this.#holders.delete(message);
  }

  /**
   * The first message that was added with this ref key (see `refKey` in models), or undefined once it was dropped.
   * Only stored messages are dropped, so from then on a lookup in the store finds the message.
   */
  first(key: string): LogMessage | undefined {
    return this.#first.get(key);
  }

  /** The last message that was added with this ref key, or undefined once it was dropped. */
  last(key: string): LogMessage | undefined {
    return this.#repeated.get(key)?.last ?? this.#first.get(key);
  }

  /** Returns the remembered holder of a message's ref. */
  holderOf(message: LogMessage): Holder {
    return this.#isOnly(message) && this.#holders.has(message) ? this.#holders.get(message) : "unknown";
  }

  /** Remembers the store's answer to a question that was asked after the message was added. */
  remember(message: LogMessage, holder: StoredMessage | undefined): void {
    if (!this.#isOnly(message) || this.#holders.has(message)) return;
    this.#holders.set(message, holder);
    if (holder) this.#bytes += estimateBytes(holder);
  }

  #isOnly(message: LogMessage): boolean {
    const key = refKey(message);
    return key !== undefined && this.#first.get(key) === message && !this.#repeated.has(key);
  }
}
