/** The rest after a pass is the pass's own duration times this factor for each public message in it … */
const REST_PER_MESSAGE = 0.5;
/** … but at most the duration times this factor. */
const MAX_REST_FACTOR = 2.5;
/** A pass and its rest together last at most this many times the longest rest, unless the pass alone takes longer. */
const MAX_ROUND_FACTOR = 2;

export interface PassCost {
  /** Time spent in writes, in ms. */
  readonly ms: number;
  /** Public messages that the pass delivered to every subscriber. */
  readonly publicFrames: number;
}

/**
 * Decides when the next pass over all subscribers starts. After a short pass the next starts at once, so a quiet or
 * small chat has no added latency. After a long pass the scheduler rests in proportion. Frames gather during the
 * rest, and each write carries more of them. The rest is shorter in two cases:
 *
 * - Few messages were in the pass. A room that isn't under full load then gets its messages soon, and spends up to
 *   two thirds of the time in writes. At full load writes take less than a third.
 * - The pass took very long. Its messages have waited for that already, and each write carries many of them anyway.
 *
 * Times are ms of any steady clock.
 */
export class FlushPolicy {
  readonly #maxDelayMs: number;
  #restUntil = Number.NEGATIVE_INFINITY;

  constructor({ maxDelayMs }: { readonly maxDelayMs: number }) {
    this.#maxDelayMs = maxDelayMs;
  }

  /** Returns how long a frame that arrives now may wait for its pass: 0 to `maxDelayMs`. */
  delay(now: number): number {
    const left = this.#restUntil - now;
    return left > 0 ? Math.min(this.#maxDelayMs, left) : 0;
  }

  /**
   * Returns how long a public draft may wait for more drafts before the call to the log, which takes `logMs`. Its
   * message still arrives before the rest ends, so clients get it no later, and more drafts share the call's cost.
   */
  gatherDelay(now: number, logMs: number): number {
    return Math.max(0, this.delay(now) - logMs);
  }

  /** A pass has started, possibly before the rest was over. Frames that arrive during a pass may leave with it. */
  passStarted(): void {
    this.#restUntil = Number.NEGATIVE_INFINITY;
  }

  passEnded(now: number, { ms, publicFrames }: PassCost): void {
    const maxRound = MAX_ROUND_FACTOR * this.#maxDelayMs;
    const spent = Math.min(ms, maxRound);
    const rest = spent * Math.min(MAX_REST_FACTOR, publicFrames * REST_PER_MESSAGE);
    this.#restUntil = now + Math.min(this.#maxDelayMs, rest, maxRound - spent);
  }
}
