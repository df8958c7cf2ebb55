import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { migrate } from "./schema.ts";

/** Creates a database of schema version 1: with messages and without conversations. */
function firstVersion(messages: readonly (readonly [id: string, from: string, to: string])[]): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  migrate(db, "memory");
  db.exec(
    "DROP TABLE conversations; ALTER TABLE messages DROP COLUMN digest; ALTER TABLE messages DROP COLUMN also; " +
      "DROP TABLE aliases; PRAGMA user_version = 1",
  );
  const insert = db.prepare("INSERT INTO messages VALUES (?, ?, ?, ?, 'text', 'time', NULL)");
  for (const [id, from, to] of messages) {
    const name = to === "" ? "public" : [from, to].sort().join(":");
    insert.run(id, name, from, to);
  }
  return db;
}

function conversationsIn(db: DatabaseSync) {
  return db
    .prepare("SELECT conversation, one, other, last FROM conversations ORDER BY conversation")
    .all()
    .map((row) => Object.values(row));
}

it("P57: migrating version 1 creates its conversations, each with its last message", () => {
  const db = firstVersion([
    ["1", "alice", "bob"],
    ["2", "bob", "alice"],
    ["3", "alice", ""],
    ["4", "zoe", "zoe"],
    ["5", "carol", "alice"],
    ["6", "alice", ""],
  ]);
  migrate(db, "memory");
  expect(conversationsIn(db)).toEqual([
    ["alice:bob", "bob", "alice", "2"],
    ["alice:carol", "carol", "alice", "5"],
    ["zoe:zoe", "zoe", "zoe", "4"],
  ]);
  migrate(db, "memory");
  expect(conversationsIn(db)).toHaveLength(3);
});

it("P57: migrating a file without messages creates no conversations", () => {
  const db = firstVersion([]);
  migrate(db, "memory");
  expect(conversationsIn(db)).toEqual([]);
});
