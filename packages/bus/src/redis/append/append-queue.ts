import { MAX_CALL_BYTES, MAX_CALL_DRAFTS } from "../../appender.ts";

/** What waits to be appended, in order, and is gathered into calls (L6). Bounded in number and bytes. */
export interface Queued {
  readonly bytes: number;
  /** On a clock that does not go back, in ms. */
  readonly since: number;
}

export interface QueueLimits {
  readonly maxDrafts: number;
  readonly maxBytes: number;
}

export class AppendQueue<T extends Queued> {
  readonly #limits: QueueLimits;
  #items: T[] = [];
  #head = 0;
  #bytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Whether as much waits as one call takes. */
  get hasFullCall(): boolean {
    return this.size >= MAX_CALL_DRAFTS || this.#bytes >= MAX_CALL_BYTES;
  }

  /** When the first in line came. */
  get oldest(): number | undefined {
    return this.#items[this.#head]?.since;
  }

  /** False, and nothing kept, when there is no room. */
  push(item: T): boolean {
    const { maxDrafts, maxBytes } = this.#limits;
    if (this.size >= maxDrafts || this.#bytes + item.bytes > maxBytes) return false;
    this.#items.push(item);
    this.#bytes += item.bytes;
    return true;
  }

  /** The first in line, as many as one call takes; at least one where there is one. */
  takeCall(): T[] {
    let bytes = 0;
    return this.#takeWhile((item, taken) => {
      bytes += item.bytes;
      return taken === 0 || (taken < MAX_CALL_DRAFTS && bytes <= MAX_CALL_BYTES);
    });
  }

  /** Those that came before `time`. */
  takeBefore(time: number): T[] {
    return this.#takeWhile((item) => item.since < time);
  }

  #takeWhile(wanted: (item: T, taken: number) => boolean): T[] {
    const taken: T[] = [];
    for (let item = this.#items[this.#head]; item && wanted(item, taken.length); ) {
      taken.push(item);
      this.#bytes -= item.bytes;
      this.#head += 1;
      item = this.#items[this.#head];
    }
    if (this.#head > 1024 || this.size === 0) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }
}
