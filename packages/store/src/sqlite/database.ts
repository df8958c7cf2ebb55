import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreLocked, StoreUnusable } from "../errors.ts";
import { readHolder, writeHolder } from "./holder.ts";
import { migrate } from "./schema.ts";
import { isSqliteError, SQLITE_BUSY } from "./sqlite-error.ts";

/** How long to wait for a process that is just closing the same directory, in ms. */
const LOCK_WAIT_MS = 1000;

/** A message touches pages all over its indexes; in a longer log more messages share a page that is moved once. */
const CHECKPOINT_PAGES = 4_000;
const CACHE_KIB = 4 * 1024;

/**
 * Opens `<dir>/parley.db` for this process alone, for as long as the database is open (L23). The lock is SQLite's
 * own, on the file, so it goes with the process however that ends.
 *
 * A commit is on the disk when it returns: WAL with `synchronous=FULL` syncs the log at every commit. In exclusive
 * locking mode the WAL's index is in this process' memory, and there is no shared-memory file.
 */
export function openDatabase(dir: string): DatabaseSync {
  const file = join(dir, "parley.db");
  makePrivate(dir, file);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
    db.exec("PRAGMA locking_mode = EXCLUSIVE");
    db.exec("PRAGMA journal_mode = WAL");
    db.exec("PRAGMA synchronous = FULL");
    db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    db.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    migrate(db, file);
    writeHolder(dir);
    return db;
  } catch (error) {
    db?.close();
    if (!isSqliteError(error)) throw error;
    if (error.errcode === SQLITE_BUSY) throw new StoreLocked(dir, readHolder(dir));
    throw new StoreUnusable(`${file} cannot be opened: ${error.errstr}`);
  }
}

/** Both are for this user alone. What is there already keeps its mode. */
function makePrivate(dir: string, file: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    // Only to make it: a file of an open database that is opened and closed again loses this process' locks.
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EEXIST") throw new StoreUnusable(`${dir} cannot be written: ${code ?? "unknown error"}`);
  }
}
