/** Bounds of a step, in messages. With fewer, a read would take many times longer, for the overhead of each step. */
const MIN = 25;
export const MAX_STEP = 100;
/** A read with at most this limit is one step: a page of 100 messages, and the one that tells if there are more. */
const ONE_STEP = MAX_STEP + 1;
/** A step should take this long, in ms. */
const TARGET_MS = 5;

/**
 * The number of messages that a long read asks the store for at once: as many as the last step would have read in a few
 * ms. So a short read waits for little of a long one, whether the store is slow, its messages are long, or many read
 * at the same time (G5). Knows no store.
 */
export class StepSize {
  #messages = MAX_STEP;

  /** Number of messages to read next, of a read of `limit` messages that has `left` to read. A short read is one step. */
  next(limit: number, left = limit): number {
    return limit <= ONE_STEP ? left : Math.min(this.#messages, left);
  }

  /** Runs the read of a step, and learns from its time. */
  async measure<Item>(read: () => Promise<readonly Item[]>): Promise<readonly Item[]> {
    const startedAt = performance.now();
    const found = await read();
    this.took(found.length, performance.now() - startedAt);
    return found;
  }

  /** The store has read a step. One with few messages changes nothing, because it doesn't show what a message takes. */
  took(messages: number, ms: number): void {
    if (messages < MIN) return;
    const fitting = Math.floor((messages * TARGET_MS) / Math.max(ms, 0.01));
    this.#messages = Math.max(MIN, Math.min(MAX_STEP, 2 * this.#messages, fitting));
  }
}
