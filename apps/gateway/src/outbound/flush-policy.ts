/** A pass is paid for with as many times this much rest as there were messages in it … */
const REST_A_MESSAGE = 0.5;
/** … up to this. */
const MOST_REST = 2.5;
/** A pass and the rest after it last so many times the longest rest at most, where the pass alone is not longer. */
const ROUND = 2;

export interface PassCost {
  /** Of work, in ms. */
  readonly ms: number;
  /** Messages that everybody got. */
  readonly publicFrames: number;
}

/**
 * When the next pass over everybody is due. One that reached few sockets is followed by the next at once, so a quiet or
 * small chat waits for nothing. One that was long is followed by a rest in proportion, during which frames gather, so that
 * there are more in each write:
 * - the rest is short while few gather: a room that is not full has its messages soon, and spends up to two thirds of the
 *   time in writes; at full load it spends less than a third;
 * - it is short as well where the pass was very long: its messages have waited for that already, and there are many in
 *   each write anyway.
 * Times in ms of any steady clock.
 */
export class FlushPolicy {
  readonly #maxDelayMs: number;
  #restUntil = Number.NEGATIVE_INFINITY;

  constructor({ maxDelayMs }: { readonly maxDelayMs: number }) {
    this.#maxDelayMs = maxDelayMs;
  }

  /** How long what has come now may wait: 0 to `maxDelayMs`. */
  delay(now: number): number {
    const left = this.#restUntil - now;
    return left > 0 ? Math.min(this.#maxDelayMs, left) : 0;
  }

  /**
   * How long a public message may wait for others before it goes to the log, which takes `logMs`: it is back by the end
   * of the rest all the same, and what a call to the log costs is shared by more.
   */
  gather(now: number, logMs: number): number {
    return Math.max(0, this.delay(now) - logMs);
  }

  /** A pass has begun, before its time or not: what comes while it lasts can leave with it still. */
  began(): void {
    this.#restUntil = Number.NEGATIVE_INFINITY;
  }

  /** A pass ended at `now`. */
  passed(now: number, { ms, publicFrames }: PassCost): void {
    const round = ROUND * this.#maxDelayMs;
    const spent = Math.min(ms, round);
    const earned = spent * Math.min(MOST_REST, publicFrames * REST_A_MESSAGE);
    this.#restUntil = now + Math.min(this.#maxDelayMs, earned, round - spent);
  }
}
