/** What a flush cost is paid for with as many times this much rest as there were messages for everybody in it … */
const REST_A_MESSAGE = 0.5;
/** … up to this; and where there were none, since such a flush is short. */
const MOST_REST = 2.5;

export interface FlushCost {
  /** Of work, in ms. */
  readonly ms: number;
  /** Messages that everybody got. */
  readonly publicFrames: number;
}

/**
 * When the next flush is due. A flush that reached few sockets is followed by the next at once, so a quiet or small
 * chat waits for nothing. One that was long is followed by a rest in proportion, during which frames gather, so that
 * there are more in each write. The rest is short while few gather: a room that is not full has its messages soon, and
 * spends up to two thirds of the time in writes. At full load it spends less than a third, unless a pass is so long that
 * the bound cuts its rest short. Times in ms of any steady clock.
 */
export class FlushPolicy {
  readonly #maxDelayMs: number;
  #restUntil = Number.NEGATIVE_INFINITY;

  constructor({ maxDelayMs }: { readonly maxDelayMs: number }) {
    this.#maxDelayMs = maxDelayMs;
  }

  /** How long what has come now may wait: 0 to `maxDelayMs`. */
  delay(now: number): number {
    return Math.min(this.#maxDelayMs, Math.max(0, this.#restUntil - now));
  }

  /** A flush ended at `now`. */
  flushed(now: number, { ms, publicFrames }: FlushCost): void {
    const times = publicFrames === 0 ? MOST_REST : Math.min(MOST_REST, publicFrames * REST_A_MESSAGE);
    this.#restUntil = now + Math.min(this.#maxDelayMs, ms * times);
  }
}
