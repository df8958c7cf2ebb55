import type { LogState } from "@parley/bus";
import { ORIGIN, parseId } from "@parley/models";

/**
 * How long, in ms, the oldest message that is not stored may have waited: since the watermark's time, or since the
 * backlog was last seen empty where that is later. Without the latter the first message after a quiet night would
 * look a night late. `emptyAt` is in ms since 1970, undefined where an empty backlog was never seen.
 */
export function lagMs(state: LogState, now: number, emptyAt: number | undefined): number {
  if (state.backlogEntries === 0) return 0;
  const stored = state.watermark === ORIGIN ? undefined : parseId(state.watermark)?.ms;
  const since = Math.max(stored ?? Number.NEGATIVE_INFINITY, emptyAt ?? Number.NEGATIVE_INFINITY);
  return Number.isFinite(since) ? Math.max(0, now - since) : 0;
}
