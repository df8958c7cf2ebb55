import type { Observe } from "../events.ts";
import type { Store } from "../store.ts";
import { openDatabase } from "./database.ts";
import { clearHolder } from "./holder.ts";
import { SqliteStore } from "./sqlite-store.ts";

export interface SqliteStoreOptions {
  /** Where `parley.db` is kept; made for this user alone where it is not there. */
  readonly dir: string;
  readonly observe?: Observe;
}

/**
 * History in a file of one's own (L23). Opens it at once, for this process alone; throws StoreLocked where another
 * process has the directory, StoreUnusable where it cannot be used.
 */
export function openSqliteStore({ dir, observe = () => undefined }: SqliteStoreOptions): Store {
  return new SqliteStore(openDatabase(dir), observe, () => clearHolder(dir));
}
