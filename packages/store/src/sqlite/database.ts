import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreLocked, StoreUnusable } from "../errors.ts";
import { readLockOwner, writeLockOwner } from "./lock-owner.ts";
import { migrate } from "./schema.ts";
import { isSqliteError, SQLITE_BUSY } from "./sqlite-error.ts";

/** Time to wait for a process that is closing the same database, in ms. */
const LOCK_WAIT_MS = 1000;

/**
 * Size of the write-ahead log, in pages, at which it is moved to the file. A message changes pages all over its
 * indexes. In a longer log more messages share a page, which is then moved only once.
 */
const CHECKPOINT_PAGES = 4_000;
/** Size of the page cache. */
const CACHE_KIB = 4 * 1024;

/**
 * Opens `<dir>/parley.db` for this process only, until the database is closed (L23). SQLite's own file lock ensures
 * this, so the operating system releases the lock when the process ends, even by SIGKILL.
 *
 * A commit is on disk when it returns: WAL with `synchronous=FULL` syncs the log at every commit. In exclusive
 * locking mode the WAL's index is in memory, and there is no shared-memory file.
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
    writeLockOwner(dir);
    return db;
  } catch (error) {
    db?.close();
    if (!isSqliteError(error)) throw error;
    if (error.errcode === SQLITE_BUSY) throw new StoreLocked(dir, readLockOwner(dir));
    throw new StoreUnusable(`${file} cannot be opened: ${error.errstr}. Repair it or set another directory`);
  }
}

/** Creates the directory and the file, readable by this user only. Existing ones keep their mode. */
function makePrivate(dir: string, file: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    // Only creates a new file. Opening and closing the file of an open database would drop this process's locks.
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EEXIST") {
      throw new StoreUnusable(
        `${dir} cannot be written: ${code ?? "unknown error"}. Set a directory that this user can write to`,
      );
    }
  }
}
