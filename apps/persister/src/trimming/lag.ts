import type { LogState } from "@parley/bus";
import { ORIGIN } from "@parley/models";
import { leadMs } from "./lead.ts";

/** The present, by two clocks, in ms. */
export interface Now {
  /** Since 1970. May leap. */
  readonly wall: number;
  readonly monotonic: number;
}

/** Ids that are further ahead of the wall clock than this don't have the time of their append. */
const TOLERANCE_MS = 1_000;

/**
 * Measures the time that the oldest unstored message has waited, in ms.
 *
 * The log knows its age by the time in its id. If that id is from a clock that was ahead, the message seems to be new,
 * so the time since which the log's end was last known to be stored is used instead. That time also bounds the age
 * while the clock of Redis is ahead for a moment (F17).
 */
export class LagMeter {
  /** When the backlog was last known to contain only later messages, by the monotonic clock. */
  #emptyAt: number | undefined;
  /** An earlier end of the log. When it is stored, only later messages are in the backlog. */
  #mark: { readonly end: string; readonly at: number } | undefined;
  /** Up to this id, ids may be from a clock that was ahead. */
  #untrusted: string = ORIGIN;

  /** `now` is the time just before `state` was read. */
  lagMs(state: LogState, now: Now): number {
    if (leadMs(state.end, now.wall) > TOLERANCE_MS) this.#untrusted = state.end;
    if (state.backlogEntries === 0) {
      this.#emptyAt = now.monotonic;
      this.#mark = undefined;
      return 0;
    }
    if (this.#mark && state.watermark >= this.#mark.end) {
      this.#emptyAt = this.#mark.at;
      this.#mark = undefined;
    }
    this.#mark ??= { end: state.end, at: now.monotonic };
    const isTrusted = state.watermark >= this.#untrusted;
    // If nothing else is known, messages may have waited for longer than this process runs.
    const sinceEmpty =
      now.monotonic - (this.#emptyAt ?? (isTrusted ? Number.NEGATIVE_INFINITY : this.#mark.at));
    return isTrusted ? Math.min(state.lagMs, sinceEmpty) : sinceEmpty;
  }
}
