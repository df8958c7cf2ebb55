export { RedisBus } from "./bus.ts";
export type { RedisBusOptions } from "./context.ts";
