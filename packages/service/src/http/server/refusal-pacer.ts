/** Refusals per second that one address gets, and the number that it may get before. */
const PER_SECOND = 50;
const BURST = 100;
/**
 * Minimum time between two refusals of an address, in ms. Without it, all clients of a burst would be refused together, and come
 * back together: each costs a new connection and another refusal, and others would wait for all of them.
 */
const GAP_MS = 10;
/**
 * Longest delay of a refusal, in ms. Clients wait longer than this for any answer. With a shorter one, the refusals of
 * all sockets that an address may have would reach it together, and be answered together.
 */
const MAX_DELAY_MS = 10_000;
/** Maximum number of addresses to remember. If there are more, the one that was refused longest ago is forgotten. */
const MAX_ADDRESSES = 10_000;

const INTERVAL_MS = 1_000 / PER_SECOND;
const BURST_MS = BURST * INTERVAL_MS;

/** The refusals of one address so far. */
interface Refusals {
  /** The time at which the address would have had them at the permitted rate. */
  readonly paidUntil: number;
  /** The first time at which another one may be sent. */
  readonly nextAt: number;
}

/**
 * Decides how long the server holds back a refusal (G5). An address whose requests are refused over and over, for
 * example because it tries out tokens, gets each answer later. It costs little then, because it can have only a limited
 * number of sockets, and each waits for its answer. Requests that succeed are never delayed, so other users of the
 * address notice nothing.
 *
 * Times are ms of a monotonic clock.
 */
export class RefusalPacer {
  /** By address, in the order of the last refusals. */
  readonly #refusals = new Map<string, Refusals>();

  /** Counts a refusal. Returns the time to hold it back. */
  delayMs(address: string, now: number): number {
    const before = this.#refusals.get(address);
    const paidUntil = Math.max(before?.paidUntil ?? now, now) + INTERVAL_MS;
    const sendAt = Math.max(now, before?.nextAt ?? now, paidUntil - BURST_MS);
    const latest = now + MAX_DELAY_MS;
    // Deleted first, so that the address moves to the end of the map.
    this.#refusals.delete(address);
    this.#refusals.set(address, {
      paidUntil: Math.min(paidUntil, latest + BURST_MS),
      nextAt: Math.min(sendAt, latest) + GAP_MS,
    });
    this.#forgetOldest();
    return Math.min(sendAt, latest) - now;
  }

  /** The number of addresses that are remembered. */
  get size(): number {
    return this.#refusals.size;
  }

  #forgetOldest(): void {
    if (this.#refusals.size <= MAX_ADDRESSES) return;
    const [oldest = ""] = this.#refusals.keys();
    this.#refusals.delete(oldest);
  }
}
