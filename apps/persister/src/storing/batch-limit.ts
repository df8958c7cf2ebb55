/** An insert that takes longer, in ms, is slow. */
const SLOW_MS = 2_000;
/** A quick insert of a full batch adds this share of the maximum to the limit. */
const GROWTH = 1 / 20;
/** A missed deadline leaves this share of the batch. */
const AFTER_DEADLINE = 1 / 4;
/** A larger batch pays if it stores at least this many times as many messages per second as a smaller one. */
const PAYS = 4 / 3;

/** The last full batch that was slow. */
interface SlowBatch {
  readonly messages: number;
  readonly perMs: number;
}

/**
 * The number of messages that are inserted together: as many as the store manages in time (G5). Additive increase,
 * multiplicative decrease:
 *
 * - A quick answer to a full batch adds a fixed step.
 * - A slow answer to a full batch halves the limit. If the time doesn't depend on the number of messages, smaller batches
 *   would only store less. So the limit doubles instead, if the larger one of the last two slow batches stored far more
 *   per second.
 * - A missed deadline leaves a quarter of the batch that missed it.
 *
 * Answers to smaller batches change nothing, because they don't show how many messages the store manages. Knows no clock
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

  /** The maximum number of messages of the next insert, from 1 to the maximum. */
  get current(): number {
    return this.#current;
  }

  /** The store answered an insert of `messages` messages after `ms`. */
  answered(messages: number, ms: number): void {
    if (messages < this.#current) return;
    if (ms > SLOW_MS) this.#slow({ messages, perMs: messages / ms });
    else {
      this.#lastSlow = undefined;
      this.#set(this.#current + this.#max * GROWTH);
    }
  }

  /** The store didn't answer an insert of `messages` messages by its deadline. */
  missed(messages: number): void {
    this.#lastSlow = undefined;
    this.#set(Math.min(this.#current, messages * AFTER_DEADLINE));
  }

  #slow(batch: SlowBatch): void {
    const last = this.#lastSlow;
    this.#lastSlow = batch;
    if (batch.messages === last?.messages) return;
    this.#set(batch.messages === 1 || pays(batch, last) ? this.#current * 2 : this.#current / 2);
  }

  #set(limit: number): void {
    this.#current = Math.max(1, Math.min(this.#max, Math.floor(limit)));
  }
}

/** True if the larger one of two slow batches stored far more per second. */
function pays(batch: SlowBatch, last: SlowBatch | undefined): boolean {
  if (!last) return false;
  const [smaller, larger] = batch.messages < last.messages ? [batch, last] : [last, batch];
  return larger.perMs >= smaller.perMs * PAYS;
}
