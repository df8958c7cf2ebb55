export { observeAuth } from "./auth.ts";
export { observeBus } from "./bus.ts";
export { observeStore } from "./store.ts";
