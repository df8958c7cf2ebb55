import { parseId } from "@parley/models";

/** A log that is ahead by more than this is reported. */
const MAX_LEAD_MS = 60_000;

/** Returns how far the time in `id` is ahead of `now`, in ms. Negative if it is behind. `now` is in ms since 1970. */
export function leadMs(id: string, now: number): number {
  return (parseId(id)?.ms ?? 0) - now;
}

/**
 * Decides when to report that the log is ahead of the clock (F17): once when it is, again whenever another minute was
 * added, and once when it no longer is.
 */
export class LeadReports {
  #reportedMs: number | undefined;

  /** Returns what to report now, or undefined. */
  next(leadMs: number): "log-ahead" | "log-in-time" | undefined {
    if (leadMs <= MAX_LEAD_MS) {
      const wasAhead = this.#reportedMs !== undefined;
      this.#reportedMs = undefined;
      return wasAhead ? "log-in-time" : undefined;
    }
    if (this.#reportedMs !== undefined && leadMs <= this.#reportedMs + MAX_LEAD_MS) return undefined;
    this.#reportedMs = leadMs;
    return "log-ahead";
  }
}
