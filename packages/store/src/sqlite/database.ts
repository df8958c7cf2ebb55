import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  describeFileError,
  ensurePrivateDir,
  ensurePrivateFile,
  NotPrivateError,
} from "@parley/private-files";
import { StoreLocked, StoreUnusable } from "../errors.ts";
import { readLockOwner, writeLockOwner } from "./lock-owner.ts";
import { migrate } from "./schema.ts";
import { isSqliteError, SQLITE_BUSY } from "./sqlite-error.ts";

/** Time to wait for a process that is closing the same database, in ms. */
const LOCK_WAIT_MS = 1000;

/**
 * Size of the write-ahead log, in pages, at which its pages are moved to the database file. Each message changes pages
 * in many places of the indexes. The longer the log, the more messages change the same page, which is moved only once.
 */
const CHECKPOINT_PAGES = 4_000;
/** Size of SQLite's page cache, in KiB. */
const CACHE_KIB = 4 * 1024;

/**
 * Opens `<dir>/parley.db` for this process only, until the database is closed (L23). SQLite's own file lock ensures
 * this, so the operating system releases the lock when the process ends, even by SIGKILL.
 *
 * A commit is on disk when it returns: WAL with `synchronous=FULL` syncs the log at every commit. In exclusive
 * locking mode the WAL's index is in memory, and there is no shared-memory file.
 *
 * Makes the directory and the files private to this user. Calls `onWarning` with a text if another user owns the
 * directory.
 */
export function openDatabase(
  dir: string,
  onWarning: (warning: string) => void = () => undefined,
): DatabaseSync {
  const file = join(dir, "parley.db");
  const warning = makePrivate(dir, file);
  if (warning !== undefined) onWarning(warning);
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

/** All files that this store or SQLite creates in the directory. */
const FILES = ["parley.db", "parley.db-wal", "parley.db-shm", "parley.db-journal", "parley.pid"];

/**
 * Creates the directory and the file, readable by this user only. If they exist, removes the access of other users.
 * Returns a warning if another user owns the directory.
 */
function makePrivate(dir: string, file: string): string | undefined {
  try {
    const warning = ensurePrivateDir(dir);
    for (const name of FILES) ensurePrivateFile(join(dir, name));
    createFile(file);
    return warning;
  } catch (error) {
    if (error instanceof NotPrivateError) throw new StoreUnusable(error.message);
    throw new StoreUnusable(
      `DATA_DIR ${dir} cannot be written: ${describeFileError(error)}. Set it to a directory that this user can write to`,
    );
  }
}

/**
 * Creates the file if it is missing. Doesn't open an existing file: if its database is open in this process, closing
 * the file again would drop this process's locks.
 */
function createFile(file: string): void {
  try {
    closeSync(openSync(file, "wx", 0o600));
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
