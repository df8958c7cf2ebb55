import type { Exchange } from "../http/exchange.ts";
import type { RequestLimiter } from "../limits/request-limiter.ts";
import type { LogFollower } from "../log-tail/log-follower.ts";
import type { FeedBounds } from "../routes/bounds.ts";

export interface FeedWaitsDeps {
  readonly follower: Pick<LogFollower, "snapshot" | "untilBeyond">;
  readonly limiter: Pick<RequestLimiter, "acquireWait">;
  /** Aborted when the process begins to stop. */
  readonly stopping: AbortSignal;
}

/**
 * Holds requests to `/feed` until there are entries for them (P63). A held request takes no place among those that read,
 * and nothing of the store.
 */
export class FeedWaits {
  readonly #deps: FeedWaitsDeps;
  /** The held requests. Aborting one ends its wait. */
  readonly #held = new Set<AbortController>();

  constructor(deps: FeedWaitsDeps) {
    this.#deps = deps;
    const endAll = () => {
      for (const wait of this.#held) wait.abort();
    };
    deps.stopping.addEventListener("abort", endAll, { once: true });
  }

  /**
   * Waits until the log has an entry after the cursor, at most for `ms`. Returns the exchange to go on with, whose time
   * begins after the wait. Doesn't wait if the answer can't be an empty one that entries would change: there are entries,
   * the range is in the past, or the cursor is of a log that was replaced (L3).
   */
  async untilEntries(exchange: Exchange, { after, upTo }: FeedBounds, ms: number): Promise<Exchange> {
    const { follower, stopping } = this.#deps;
    if (ms === 0 || stopping.aborted) return exchange;
    // The log's own end: a cursor beyond the follower's position may come from another server that is ahead.
    const { position } = await exchange.deadline.during("log", () => follower.snapshot());
    if (after !== position || (upTo !== undefined && upTo <= position)) return exchange;
    exchange.deadline.clear();
    const startedAt = performance.now();
    await this.#hold(exchange, position, ms);
    const heldMs = performance.now() - startedAt;
    return { ...exchange, deadline: exchange.deadline.next(), startedAt: exchange.startedAt + heldMs };
  }

  /** Returns when the log is beyond the position, and earlier if the time is over, the client leaves or the process stops. */
  async #hold({ caller, closed }: Exchange, position: string, ms: number): Promise<void> {
    const { follower, limiter } = this.#deps;
    const wait = new AbortController();
    const end = () => wait.abort();
    const place = limiter.acquireWait(caller, end);
    const timer = setTimeout(end, ms);
    closed.addEventListener("abort", end, { once: true });
    this.#held.add(wait);
    try {
      if (!closed.aborted && !this.#deps.stopping.aborted) await follower.untilBeyond(position, wait.signal);
    } finally {
      clearTimeout(timer);
      this.#held.delete(wait);
      place.release();
    }
  }
}
