export { Backoff, type BackoffLimits, backoffMs } from "./backoff.ts";
export { coalesce } from "./coalesce.ts";
export { raceAbort } from "./race-abort.ts";
export { sleep } from "./sleep.ts";
export { until } from "./until.ts";
