export type { RedisBusOptions } from "./context.ts";
export { inspectRedis, type RedisFacts } from "./inspect.ts";
export { RedisBus } from "./redis-bus.ts";
