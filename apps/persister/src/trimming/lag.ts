import type { LogState } from "@parley/bus";
import { ORIGIN, parseId } from "@parley/models";

/**
 * The maximum time that the oldest unstored message may have waited, in ms. Counts from the watermark's time or from
 * `emptyAt`, whichever is later. Without `emptyAt`, the first message after a quiet night would seem to have waited
 * all night.
 *
 * `emptyAt` is the time at which the backlog was last seen empty, in ms since 1970; undefined if never.
 */
export function lagMs(state: LogState, now: number, emptyAt: number | undefined): number {
  if (state.backlogEntries === 0) return 0;
  const watermarkAt = state.watermark === ORIGIN ? undefined : parseId(state.watermark)?.ms;
  const since = Math.max(watermarkAt ?? Number.NEGATIVE_INFINITY, emptyAt ?? Number.NEGATIVE_INFINITY);
  return Number.isFinite(since) ? Math.max(0, now - since) : 0;
}
