import type { Observe } from "../events.ts";
import type { Store } from "../store.ts";
import { createConnection } from "./connection.ts";
import { MongoStore } from "./mongo-store.ts";
import type { Named } from "./store-name.ts";

export { inspectMongo, type MongoFacts } from "./inspect.ts";

/** Options of `openMongoStore`. */
export interface MongoStoreOptions {
  /** The MongoDB URL, with the name of the database. Without a name, the database is `parley`. */
  readonly url: string;
  readonly observe?: Observe;
  /** Maximum time of a database operation, in ms; default 5,000. `insert` and `prepare` run several operations. */
  readonly timeoutMs?: number;
  /** Maximum number of connections to each server; default 10. */
  readonly maxConnections?: number;
  /** Messages per read of an upgrade; default 2,000. For tests: pages of any size are read in the same way. */
  readonly pageSize?: number;
}

/**
 * Opens a store in MongoDB. It connects with the first operation and reconnects after an outage; meanwhile operations
 * reject with `unavailable` within `timeoutMs`. Reads from mongod need the indexes that `prepare` creates: until a
 * process has called it, reads reject with `unavailable` too. Throws StoreUnusable for an invalid URL.
 */
export function openMongoStore(options: MongoStoreOptions): Store & Named {
  const { url, observe = () => undefined, timeoutMs = 5_000, maxConnections = 10, pageSize } = options;
  return new MongoStore(createConnection(url, { timeoutMs, maxConnections }), {
    observe,
    timeoutMs,
    pageSize,
  });
}
