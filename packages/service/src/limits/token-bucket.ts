/** Units per second, and the most that may be taken at once. Infinity turns a limit off. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Larger than the rounding error of adding fractions. */
const EPSILON = 1e-6;

/** A token bucket whose balance may be negative. Times are ms of any steady clock. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #refilledAt: number;

  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#refilledAt = now;
  }

  /**
   * Returns the time until `cost` may be taken, in ms; 0 if it may be taken now. A full bucket permits any cost,
   * after which its balance may be negative. A cost of 0 waits only for a negative balance to rise to 0.
   */
  wait(cost: number, now: number): number {
    this.#refill(now);
    const missing = Math.min(cost, this.#rate.burst) - this.#tokens;
    return missing > EPSILON ? Math.ceil((missing / this.#rate.perSecond) * 1000) : 0;
  }

  /** Takes `cost`, after `wait` has permitted it, or for work that is already done. */
  take(cost: number): void {
    this.#tokens -= cost;
  }

  isFull(now: number): boolean {
    this.#refill(now);
    return this.#tokens >= this.#rate.burst - EPSILON;
  }

  #refill(now: number): void {
    const elapsed = now - this.#refilledAt;
    if (elapsed <= 0) return;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + (elapsed / 1000) * this.#rate.perSecond);
    this.#refilledAt = now;
  }
}
