import type { Observe } from "../events.ts";
import type { Store } from "../store.ts";
import { connectionTo } from "./client.ts";
import { MongoStore } from "./mongo-store.ts";

export { inspectMongo, type MongoFacts } from "./inspect.ts";

export interface MongoStoreOptions {
  /** Its database is used, `parley` where it names none. */
  readonly url: string;
  readonly observe?: Observe;
  /** Every operation is settled within this, in ms; default 5,000. An insert and a `prepare` are several. */
  readonly timeoutMs?: number;
  /** Connections to each server at most; default 10. */
  readonly maxConnections?: number;
}

/**
 * History in a MongoDB. Connects with the first operation and again by itself after an outage; meanwhile each
 * operation rejects with `unavailable` within `timeoutMs`. Reads need the indexes of `prepare`: until any process
 * has made them, a mongod's reject with `unavailable` too. Throws StoreUnusable for a URL that is none.
 */
export function openMongoStore(options: MongoStoreOptions): Store {
  const { url, observe = () => undefined, timeoutMs = 5_000, maxConnections = 10 } = options;
  return new MongoStore(connectionTo(url, { timeoutMs, maxConnections }), { observe, timeoutMs });
}
