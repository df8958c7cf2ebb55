/** The rate at which one user may read history, in estimated bytes. */
export interface ReadRate {
  /** Infinity turns the limit off. */
  readonly perSecond: number;
  readonly burst: number;
}

/**
 * A user who has spent the whole allowance may read again once the allowance has regained the bytes of this many
 * seconds. With less, the user would be admitted for a single page at a time.
 */
const RESUME_SECONDS = 1;
/** Tolerance for rounding errors, in bytes. */
const ROUNDING = 1e-6;

interface Allowance {
  /** The bytes that are left. Below zero if the last reads cost more than was left. */
  level: number;
  refilledAt: number;
  isSpent: boolean;
}

/**
 * A token bucket for each user, in estimated bytes. The cost of a read is known only after the read. So a user may
 * read while any bytes are left, and the level may fall below zero. Times are ms of a monotonic clock.
 */
export class ReadAllowance {
  readonly #rate: ReadRate;
  readonly #users = new Map<string, Allowance>();

  constructor(rate: ReadRate) {
    this.#rate = rate;
  }

  /** Time until the user may read, in ms. 0 if the user may read now. */
  waitMs(user: string, now: number): number {
    const allowance = this.#users.get(user);
    if (!allowance) return 0;
    this.#refill(allowance, now);
    const { perSecond, burst } = this.#rate;
    const enough = Math.min(burst, RESUME_SECONDS * perSecond);
    if (allowance.level + ROUNDING >= enough) allowance.isSpent = false;
    return allowance.isSpent ? Math.ceil(((enough - allowance.level) / perSecond) * 1_000) : 0;
  }

  spend(user: string, bytes: number, now: number): void {
    if (this.#rate.perSecond === Number.POSITIVE_INFINITY) return;
    let allowance = this.#users.get(user);
    if (!allowance) {
      allowance = { level: this.#rate.burst, refilledAt: now, isSpent: false };
      this.#users.set(user, allowance);
    }
    this.#refill(allowance, now);
    allowance.level -= bytes;
    if (allowance.level <= 0) allowance.isSpent = true;
  }

  /** Forgets users whose allowance is full, because a new allowance would be full too. */
  forgetIdleUsers(now: number): void {
    for (const [user, allowance] of this.#users) {
      this.#refill(allowance, now);
      if (allowance.level >= this.#rate.burst) this.#users.delete(user);
    }
  }

  get size(): number {
    return this.#users.size;
  }

  #refill(allowance: Allowance, now: number): void {
    const seconds = Math.max(0, now - allowance.refilledAt) / 1_000;
    allowance.level = Math.min(this.#rate.burst, allowance.level + seconds * this.#rate.perSecond);
    allowance.refilledAt = Math.max(allowance.refilledAt, now);
  }
}
