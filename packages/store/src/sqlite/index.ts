import type { Observe } from "../events.ts";
import type { Store } from "../store.ts";
import { openDatabase } from "./database.ts";
import { clearLockOwner } from "./lock-owner.ts";
import { SqliteStore } from "./sqlite-store.ts";

/** Options of `openSqliteStore`. */
export interface SqliteStoreOptions {
  /** The directory of `parley.db`. Created if missing, and made readable by this user only. */
  readonly dir: string;
  readonly observe?: Observe;
}

/**
 * Opens a store in one SQLite file, for this process only (L23). Throws StoreLocked if another process uses the
 * directory. Throws StoreUnusable if the directory or the file can't be used, or can't be made private to this user.
 */
export function openSqliteStore({ dir, observe = () => undefined }: SqliteStoreOptions): Store {
  const onWarning = (warning: string) => observe({ type: "directory-warning", warning });
  return new SqliteStore(openDatabase(dir, onWarning), observe, () => clearLockOwner(dir));
}
