import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, it, onTestFinished } from "vitest";
import { StoreUnusable } from "../errors.ts";
import type { StoreEvent } from "../events.ts";
import { openDatabase } from "./database.ts";
import { openSqliteStore } from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "parley-sqlite-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

function newDir(): string {
  return join(root, String(count++), "deeper");
}

function open(dir: string): DatabaseSync {
  const db = openDatabase(dir);
  onTestFinished(() => {
    if (db.isOpen) db.close();
  });
  return db;
}

it("L23: every commit is synced, to a write-ahead log, under an exclusive lock", () => {
  const dir = newDir();
  const db = open(dir);
  expect(db.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  expect(db.prepare("PRAGMA synchronous").get()).toEqual({ synchronous: 2 });
  expect(db.prepare("PRAGMA locking_mode").get()).toEqual({ locking_mode: "exclusive" });
  expect(existsSync(join(dir, "parley.db-wal"))).toBe(true);
  expect(existsSync(join(dir, "parley.db-shm"))).toBe(false);
});

it("creates the directory and files for this user only", () => {
  const dir = newDir();
  open(dir);
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  for (const file of ["parley.db", "parley.db-wal", "parley.pid"]) {
    expect(statSync(join(dir, file)).mode & 0o777, file).toBe(0o600);
  }
});

it("closes an existing directory and its files to other users", () => {
  const dir = newDir();
  open(dir).close();
  const files = ["parley.db", "parley.pid"];
  for (const file of files) chmodSync(join(dir, file), 0o644);
  chmodSync(dir, 0o755);
  open(dir);
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  for (const file of [...files, "parley.db-wal"])
    expect(statSync(join(dir, file)).mode & 0o777, file).toBe(0o600);
});

it("refuses a directory that can't be closed to other users", () => {
  const dir = newDir();
  open(dir).close();
  chmodSync(dir, 0o1777);
  expect(() => openSqliteStore({ dir })).toThrow(StoreUnusable);
  expect(() => openSqliteStore({ dir })).toThrow(/is shared by all users of this machine/);
});

it.runIf(process.getuid?.() === 0)("reports a directory of another user", async () => {
  const dir = newDir();
  open(dir).close();
  chownSync(dir, 65_534, 65_534);
  const events: StoreEvent[] = [];
  await openSqliteStore({ dir, observe: (event) => events.push(event) }).close();
  expect(events).toContainEqual({
    type: "directory-warning",
    warning: `${dir} belongs to user 65534, who can read and change what is in it`,
  });
});

it("opens a database of the current version without changes", () => {
  const dir = newDir();
  const first = open(dir);
  const tables = first.prepare("SELECT * FROM sqlite_schema ORDER BY name").all();
  first.close();
  const again = open(dir);
  expect(again.prepare("SELECT * FROM sqlite_schema ORDER BY name").all()).toEqual(tables);
  expect(again.prepare("PRAGMA user_version").get()).toEqual({ user_version: 7 });
  expect(again.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
});

it("refuses a database of a later version and leaves it unchanged", () => {
  const dir = newDir();
  const db = open(dir);
  db.exec("PRAGMA user_version = 8");
  db.close();
  expect(() => openSqliteStore({ dir })).toThrow(StoreUnusable);
  expect(() => openSqliteStore({ dir })).toThrow(
    /parley\.db has schema version 8, but .* supports at most 7/,
  );
  const raw = new DatabaseSync(join(dir, "parley.db"));
  expect(raw.prepare("PRAGMA user_version").get()).toEqual({ user_version: 8 });
  raw.close();
});

it("names a directory or file that can't be used", () => {
  const rubbish = newDir();
  open(rubbish).close();
  writeFileSync(
    join(rubbish, "parley.db"),
    "this isn't a database, but long enough to be read as one ".repeat(100),
  );
  expect(() => openSqliteStore({ dir: rubbish })).toThrow(
    new StoreUnusable(
      `${join(rubbish, "parley.db")} cannot be opened: file is not a database. Repair it or set another directory`,
    ),
  );
  const file = join(root, "file");
  writeFileSync(file, "");
  expect(() => openSqliteStore({ dir: join(file, "dir") })).toThrow(
    new StoreUnusable(
      `DATA_DIR ${join(file, "dir")} cannot be written: a part of the path is not a directory (ENOTDIR). Set it to a directory that this user can write to`,
    ),
  );
});
