import { until } from "@parley/async";

/** Whole clusters recover slowly on a machine that is busy with several of them. */
const TIMEOUT_MS = 60_000;

/** `until` with the patience of a trial. Resolves with what `ask` returns, once that isn't undefined. */
export function eventually<T>(
  what: string | (() => string),
  ask: () => Promise<T | undefined> | T | undefined,
  timeoutMs = TIMEOUT_MS,
) {
  return until(ask, what, timeoutMs);
}
