/** Turns that are overdue by more than this are skipped, so that a stalled attack doesn't continue with a burst. */
const MAX_LATE_MS = 100;

/** Spreads turns evenly over time. Times are ms of any steady clock. */
export class Pacer {
  readonly #intervalMs: number;
  #nextAt: number;

  constructor(perSecond: number, now: number) {
    this.#intervalMs = 1_000 / perSecond;
    this.#nextAt = now;
  }

  /** Takes the next turn. Returns the time until it is due, in ms: 0 or more. */
  take(now: number): number {
    const dueAt = Math.max(this.#nextAt, now - MAX_LATE_MS);
    this.#nextAt = dueAt + this.#intervalMs;
    return Math.max(0, dueAt - now);
  }
}

/** Longer than any phase, in ms. */
const NEVER_MS = 3_600_000;

/** Grants turns at given times after its start, in ms, and then no more. So a control repeats the turns of an attack. */
export class Replay {
  readonly #times: readonly number[];
  readonly #startedAt: number;
  #next = 0;

  constructor(times: readonly number[], now: number) {
    this.#times = times;
    this.#startedAt = now;
  }

  /** Takes the next turn. Returns the time until it is due, in ms: 0 or more. */
  take(now: number): number {
    const time = this.#times[this.#next++];
    return time === undefined ? NEVER_MS : Math.max(0, this.#startedAt + time - now);
  }
}
