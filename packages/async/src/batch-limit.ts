/** An operation that takes longer, in ms, is slow. */
const SLOW_MS = 2_000;
/** A quick answer to a full batch adds this share of the maximum to the limit. */
const GROWTH = 1 / 20;
/** A missed deadline leaves this share of the batch. */
const AFTER_DEADLINE = 1 / 4;
/** A larger batch pays if it handles at least this many times as many items per second as a smaller one. */
const PAYS = 4 / 3;

/** The last full batch that was slow. */
interface SlowBatch {
  readonly items: number;
  readonly perMs: number;
}

/**
 * The number of items in one operation of a store: as many as the store manages in time (G5). Additive increase,
 * multiplicative decrease:
 *
 * - A quick answer to a full batch adds a fixed step.
 * - A slow answer to a full batch halves the limit. If the time doesn't depend on the number of items, smaller batches
 *   would only achieve less. So the limit doubles instead, if the larger one of the last two slow batches handled far more
 *   items per second.
 * - A missed deadline leaves a quarter of the batch that missed it.
 *
 * Answers to smaller batches change nothing, because they don't show how many items the store manages. Knows no clock
 * and no store.
 */
export class BatchLimit {
  readonly #max: number;
  #current: number;
  #lastSlow: SlowBatch | undefined;

  constructor(max: number) {
    this.#max = max;
    this.#current = max;
  }

  /** The maximum number of items in the next operation, from 1 to the maximum. */
  get current(): number {
    return this.#current;
  }

  /** The store answered an operation with `items` items after `ms`. */
  answered(items: number, ms: number): void {
    if (items < this.#current) return;
    if (ms > SLOW_MS) this.#slow({ items, perMs: items / ms });
    else {
      this.#lastSlow = undefined;
      this.#set(this.#current + this.#max * GROWTH);
    }
  }

  /** The store didn't answer an operation with `items` items by its deadline. */
  missed(items: number): void {
    this.#lastSlow = undefined;
    this.#set(Math.min(this.#current, items * AFTER_DEADLINE));
  }

  #slow(batch: SlowBatch): void {
    const last = this.#lastSlow;
    this.#lastSlow = batch;
    if (batch.items === last?.items) return;
    this.#set(batch.items === 1 || pays(batch, last) ? this.#current * 2 : this.#current / 2);
  }

  #set(limit: number): void {
    this.#current = Math.max(1, Math.min(this.#max, Math.floor(limit)));
  }
}

/** True if the larger one of two slow batches handled far more items per second. */
function pays(batch: SlowBatch, last: SlowBatch | undefined): boolean {
  if (!last) return false;
  const [smaller, larger] = batch.items < last.items ? [batch, last] : [last, batch];
  return larger.perMs >= smaller.perMs * PAYS;
}
