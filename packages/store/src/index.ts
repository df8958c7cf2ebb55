export type {
  ChangedMessage,
  ChangeOptions,
  ChangeOutcome,
  ChangeRef,
  ChangesOf,
  StoredChange,
} from "./change.ts";
export { StoreLocked, type StoreProblem, StoreUnavailable, StoreUnusable } from "./errors.ts";
export { type Observe, STORE_OPERATIONS, type StoreEvent, type StoreOperation } from "./events.ts";
export { type MarkName, type MarkOutcome, type MarkStore, markKey, type StoredMark } from "./mark-store.ts";
export {
  estimateAll,
  estimateBytes,
  firstFitting,
  isFull,
  PageCollector,
  type PageSize,
} from "./page-size.ts";
export type {
  Abandonable,
  InsertOptions,
  InsertOutcome,
  LastMessages,
  PageOptions,
  PrepareOptions,
  Range,
  Store,
  StoredRevocations,
  StoreFormat,
} from "./store.ts";
