export { StoreLocked, StoreUnusable } from "./errors.ts";
export type { Observe, StoreEvent, StoreOperation } from "./events.ts";
export type { InsertOutcome, LastMessages, Range, Store } from "./store.ts";
