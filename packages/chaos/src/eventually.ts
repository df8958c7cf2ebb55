import { until } from "@parley/async";

/** Several clusters may share one machine, so they can take long to recover. */
const TIMEOUT_MS = 60_000;

/** Waits like `until`, with a default timeout that is long enough for a cluster to recover. */
export function eventually<T>(
  condition: () => T | Promise<T>,
  what: string | (() => string),
  timeoutMs = TIMEOUT_MS,
) {
  return until(condition, what, timeoutMs);
}
