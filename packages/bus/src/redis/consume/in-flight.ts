import { backoffMs } from "@parley/async";

/**
 * For this long, in ms, a message in flight isn't taken over by other consumers and isn't delivered again. Counts from
 * its delivery or from the consumer's last progress, so that a slow consumer keeps the rest of its batch.
 */
export const MAX_HOLD_MS = 60_000;

/** The longest wait before a failed message is delivered again, in ms: `first` at first, then doubling up to `cap`. */
export interface RetryDelays {
  readonly first: number;
  readonly cap: number;
}

/**
 * One consumer's messages that are delivered and not settled, and its failed messages that wait for another delivery.
 * Stores only their ids. Has no clock: `now` and `since` are in ms of the caller's clock.
 */
export class InFlight {
  readonly #retryDelays: RetryDelays;
  readonly #random: () => number;
  /** By id: how often the message was delivered, and the time of the last delivery. */
  readonly #delivered = new Map<string, { readonly deliveries: number; readonly since: number }>();
  /** By id: the time when the failed message is due. Unsorted, because few messages fail. */
  readonly #retries = new Map<string, number>();
  /** The time when messages were last settled. */
  #progressAt = Number.NEGATIVE_INFINITY;

  constructor(retryDelays: RetryDelays, random: () => number = Math.random) {
    this.#retryDelays = retryDelays;
    this.#random = random;
  }

  /** Returns true if the message isn't settled, and was delivered, or others were settled, at `since` or later. */
  has(id: string, since: number): boolean {
    const delivered = this.#delivered.get(id);
    return delivered !== undefined && Math.max(delivered.since, this.#progressAt) >= since;
  }

  add(id: string, deliveries: number, now: number): void {
    this.#retries.delete(id);
    this.#delivered.set(id, { deliveries, since: now });
  }

  /** Removes a message that is settled, or that another consumer has taken over. */
  remove(id: string): void {
    this.#delivered.delete(id);
    this.#retries.delete(id);
  }

  /** Records that messages were settled, which shows that this consumer works on its other messages too. */
  progress(now: number): void {
    this.#progressAt = now;
  }

  /** Schedules another delivery of a failed message. The wait doubles with each delivery. */
  retryLater(id: string, now: number): void {
    const deliveries = this.#delivered.get(id)?.deliveries ?? 1;
    const { first, cap } = this.#retryDelays;
    this.#delivered.delete(id);
    this.#retries.set(id, now + backoffMs(deliveries, { minMs: first, maxMs: cap }, this.#random));
  }

  /**
   * Returns failed messages that are due, smallest ids first, at most `limit`. They stay due until `add` or `remove`.
   */
  due(now: number, limit: number): string[] {
    const due = [...this.#retries].filter(([, at]) => at <= now).map(([id]) => id);
    return due.sort().slice(0, limit);
  }

  /** Returns the time when the next failed message is due, or undefined if no message failed. */
  nextDue(): number | undefined {
    let next: number | undefined;
    for (const at of this.#retries.values()) if (next === undefined || at < next) next = at;
    return next;
  }

  /** Returns the messages for which `has` is true. */
  deliveredSince(since: number): string[] {
    return [...this.#delivered.keys()].filter((id) => this.has(id, since));
  }
}
