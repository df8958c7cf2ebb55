import { MAX_CALL_BYTES, MAX_CALL_DRAFTS } from "../../appender.ts";
import { SenderShares, type SharedQueue } from "../../sender-shares.ts";

/** The fields of an item that the queue uses. */
export interface QueueItem {
  readonly sender: string;
  readonly bytes: number;
  /** When the item was queued, in ms on a monotonic clock. */
  readonly queuedAt: number;
}

/** The bounds of the queue (G5). */
export interface QueueLimits {
  readonly maxDrafts: number;
  readonly maxBytes: number;
}

/** `full`: there is no room. `over-share`: there is room, but this sender has used up its share. */
export type PushResult = "queued" | "full" | "over-share";

/**
 * A first-in, first-out queue of drafts. Drafts are removed in groups, one for each call (L6). The queue is bounded in
 * number and bytes. Once it is half full, each sender is limited to a share of it (G5).
 */
export class AppendQueue<T extends QueueItem> implements SharedQueue {
  readonly #limits: QueueLimits;
  #items: T[] = [];
  #head = 0;
  #bytes = 0;
  #passed = 0;
  readonly #shares: SenderShares;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
    this.#shares = new SenderShares(this, { maxEntries: limits.maxDrafts, maxBytes: limits.maxBytes });
  }

  get bytes(): number {
    return this.#bytes;
  }

  get passed(): number {
    return this.#passed;
  }

  get entries(): number {
    return this.#items.length - this.#head;
  }

  /** True if the queue has enough drafts or bytes to fill one call. */
  get hasFullCall(): boolean {
    return this.entries >= MAX_CALL_DRAFTS || this.#bytes >= MAX_CALL_BYTES;
  }

  /** The time when the first item was queued, or undefined if the queue is empty. */
  get oldest(): number | undefined {
    return this.#items[this.#head]?.queuedAt;
  }

  /** Adds an item if there is room for it. */
  push(item: T): PushResult {
    const { maxDrafts, maxBytes } = this.#limits;
    if (this.entries >= maxDrafts || this.#bytes + item.bytes > maxBytes) return "full";
    if (!this.#shares.take(item.sender, item.bytes)) return "over-share";
    this.#items.push(item);
    this.#bytes += item.bytes;
    return "queued";
  }

  /** Removes and returns the first items, as many as fit in one call, but at least one unless the queue is empty. */
  takeCall(): T[] {
    let bytes = 0;
    return this.#takeWhile((item, taken) => {
      bytes += item.bytes;
      return taken === 0 || (taken < MAX_CALL_DRAFTS && bytes <= MAX_CALL_BYTES);
    });
  }

  /** Removes and returns the items that were queued before `time`. */
  takeBefore(time: number): T[] {
    return this.#takeWhile((item) => item.queuedAt < time);
  }

  #takeWhile(accepts: (item: T, taken: number) => boolean): T[] {
    const taken: T[] = [];
    for (let item = this.#items[this.#head]; item && accepts(item, taken.length); ) {
      taken.push(item);
      this.#bytes -= item.bytes;
      this.#passed += 1;
      this.#head += 1;
      item = this.#items[this.#head];
    }
    if (this.#head > 1024 || this.entries === 0) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }
}
