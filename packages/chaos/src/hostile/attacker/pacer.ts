/** Turns that are overdue by more than this are skipped, so that a stalled attack doesn't continue with a burst. */
const MAX_LATE_MS = 100;

/** Spreads turns evenly over time. Times are ms of any steady clock. */
export class Pacer {
  readonly #intervalMs: number;
  #nextAt: number;
  /** Number of turns taken. */
  turns = 0;

  constructor(perSecond: number, now: number) {
    this.#intervalMs = 1_000 / perSecond;
    this.#nextAt = now;
  }

  /** Takes the next turn. Returns the time until it is due, in ms: 0 or more. */
  take(now: number): number {
    const dueAt = Math.max(this.#nextAt, now - MAX_LATE_MS);
    this.#nextAt = dueAt + this.#intervalMs;
    this.turns += 1;
    return Math.max(0, dueAt - now);
  }
}
