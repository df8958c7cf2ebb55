/** Refusals per second that one address gets without a delay, and the number that it may get at once. */
const PER_SECOND = 50;
const BURST = 100;
/**
 * Longest delay of a refusal, in ms. Clients wait longer than this for any answer. With a shorter one, the refusals of
 * all sockets that an address may have would reach it together, and be answered together.
 */
const MAX_DELAY_MS = 10_000;
/** Maximum number of addresses to remember. If there are more, the one that was refused longest ago is forgotten. */
const MAX_ADDRESSES = 10_000;

const INTERVAL_MS = 1_000 / PER_SECOND;
const BURST_MS = BURST * INTERVAL_MS;

/**
 * Decides how long the server holds back a refusal (G5). An address whose requests are refused over and over, for
 * example because it tries out tokens, gets each answer later. It costs little then, because it can have only a limited
 * number of sockets, and each waits for its answer. Requests that succeed are never delayed, so other users of the
 * address notice nothing.
 *
 * Times are ms of a monotonic clock.
 */
export class RefusalPacer {
  /** For each address, the time at which it would have had its refusals at the permitted rate. */
  readonly #paidUntil = new Map<string, number>();

  /** Counts a refusal. Returns the time to hold it back. */
  delayMs(address: string, now: number): number {
    const paidUntil = Math.max(this.#paidUntil.get(address) ?? now, now) + INTERVAL_MS;
    const delay = Math.min(MAX_DELAY_MS, Math.max(0, paidUntil - now - BURST_MS));
    // Deleted first, so that the map stays in the order of the last refusals.
    this.#paidUntil.delete(address);
    this.#paidUntil.set(address, Math.min(paidUntil, now + BURST_MS + MAX_DELAY_MS));
    this.#forgetOldest();
    return delay;
  }

  /** The number of addresses that are remembered. */
  get size(): number {
    return this.#paidUntil.size;
  }

  #forgetOldest(): void {
    if (this.#paidUntil.size <= MAX_ADDRESSES) return;
    const [oldest = ""] = this.#paidUntil.keys();
    this.#paidUntil.delete(oldest);
  }
}
