/** What a pass over the sockets cost is paid for with this many times as much rest. */
const REST = 2;

/**
 * When the next flush is due. A flush that reached few sockets is followed by the next at once, so a quiet or small
 * chat waits for nothing. One that was long is followed by a rest in proportion, during which frames gather, so a
 * large room at full load spends about a third of its time in writes, with more frames in each. Times in ms of any
 * steady clock.
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

  /** A flush ended at `now`, and took `ms` of work. */
  flushed(now: number, ms: number): void {
    this.#restUntil = now + Math.min(this.#maxDelayMs, ms * REST);
  }
}
