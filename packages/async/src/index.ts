export { Backoff, type BackoffLimits, backoffMs } from "./backoff.ts";
export { BatchLimit } from "./batch-limit.ts";
export { coalesce } from "./coalesce.ts";
export { FairPool, type FairPoolOptions, PoolFull, type Release } from "./fair-pool.ts";
export { inBackground } from "./in-background.ts";
export { raceAbort } from "./race-abort.ts";
export { sleep } from "./sleep.ts";
export { until } from "./until.ts";
