export { RedisBus } from "./bus.ts";
export type { RedisBusOptions } from "./context.ts";
export { inspectRedis, type RedisFacts } from "./inspect.ts";
