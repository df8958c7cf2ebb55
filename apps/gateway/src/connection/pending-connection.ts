import type { LiveFeed } from "@parley/bus";
import { ChatError } from "@parley/models";

/**
 * A connection on its way in: its user is being listened for, and what is heard meanwhile is held for it, since a
 * message after the cursor may come before the cursor does (L17).
 */
export class Joining {
  readonly user: string;
  readonly #maxBytes: number;
  #held: { readonly id: string; readonly frame: Buffer }[] = [];
  #bytes = 0;
  #gapped = false;

  constructor(user: string, maxBytes: number) {
    this.user = user;
    this.#maxBytes = maxBytes;
  }

  hold(id: string, frame: Buffer): void {
    this.#bytes += frame.length;
    if (!this.isOverflowing) this.#held.push({ id, frame });
  }

  /** What was heard before a gap cannot be told from what was lost in it. */
  gap(): void {
    this.#gapped = true;
    this.#held = [];
    this.#bytes = 0;
  }

  get isOverflowing(): boolean {
    return this.#bytes > this.#maxBytes;
  }

  /** The frames held whose ids are after `cursor`, in log order. */
  framesAfter(cursor: string): Buffer[] {
    return this.#held.filter(({ id }) => id > cursor).map(({ frame }) => frame);
  }

  /**
   * Joins, and answers the cursor after which this connection has heard everything. A gap on the way makes the
   * cursor worthless, whether it was read before or after: join again. Rejects as `join` does, and with
   * `overloaded` where more was heard than may be held.
   */
  async cursorFrom(live: LiveFeed, signal: AbortSignal): Promise<string> {
    for (;;) {
      this.#gapped = false;
      const cursor = await live.join(this.user);
      signal.throwIfAborted();
      if (this.isOverflowing) throw new ChatError("overloaded");
      if (!this.#gapped) return cursor;
    }
  }
}
