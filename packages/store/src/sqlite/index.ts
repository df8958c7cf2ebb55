import type { Observe } from "../events.ts";
import type { Store } from "../store.ts";
import { openDatabase } from "./database.ts";
import { clearLockOwner } from "./lock-owner.ts";
import { SqliteStore } from "./sqlite-store.ts";

/** Options of `openSqliteStore`. */
export interface SqliteStoreOptions {
  /** The directory of `parley.db`. Created, readable by this user only, if missing. */
  readonly dir: string;
  readonly observe?: Observe;
}

/**
 * Opens a store in one SQLite file, for this process only (L23). Throws StoreLocked if another process uses the
 * directory, and StoreUnusable if the directory or the file can't be used.
 */
export function openSqliteStore({ dir, observe = () => undefined }: SqliteStoreOptions): Store {
  return new SqliteStore(openDatabase(dir), observe, () => clearLockOwner(dir));
}
