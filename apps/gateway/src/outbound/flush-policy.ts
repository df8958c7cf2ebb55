/**
 * The rest is the pause after a pass. It lasts as long as the pass, times this factor for each public message in the
 * pass.
 */
const REST_PER_MESSAGE = 0.75;
/** Upper bound of the factor for the rest, however many public messages were in the pass. */
const MAX_REST_FACTOR = 3;
/** A pass and its rest together last at most this many times `maxDelayMs`, unless the pass alone takes longer. */
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
 *   57 % of the time in writes. At full load writes take a quarter.
 * - The pass took very long. The messages that came during it have already waited, and each write of the next pass
 *   carries many of them anyway.
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
   * Returns how long a public draft may wait for more drafts before the call to the log, which takes `logMs`. The
   * draft's message still arrives before the rest ends, so clients get the message no later. More drafts share the
   * cost of the call.
   */
  gatherDelay(now: number, logMs: number): number {
    return Math.max(0, this.delay(now) - logMs);
  }

  /** Ends the rest, because a pass has started. Frames that arrive during a pass may leave with it. */
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
