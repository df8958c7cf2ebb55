import type { LogState } from "@parley/bus";
import { ORIGIN, parseId } from "@parley/models";

/**
 * The maximum time that the oldest unstored message may have waited, in ms. Counts from the watermark's time or from
 * the last moment at which the backlog was seen empty, whichever is later. Otherwise the first message after a quiet
 * night would seem to have waited all night.
 *
 * `now` is in ms since 1970, as ids are. `sinceEmptyMs` is the time since the backlog was last seen empty; undefined if
 * never.
 */
export function lagMs(state: LogState, now: number, sinceEmptyMs = Number.POSITIVE_INFINITY): number {
  if (state.backlogEntries === 0) return 0;
  const watermarkAt = state.watermark === ORIGIN ? undefined : parseId(state.watermark)?.ms;
  const waitedMs = Math.min(now - (watermarkAt ?? Number.NEGATIVE_INFINITY), sinceEmptyMs);
  return Number.isFinite(waitedMs) ? Math.max(0, waitedMs) : 0;
}
