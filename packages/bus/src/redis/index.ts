export { inspectRedis, type RedisFacts } from "./inspect.ts";
export type { RedisBusOptions } from "./options.ts";
export { RedisBus } from "./redis-bus.ts";
