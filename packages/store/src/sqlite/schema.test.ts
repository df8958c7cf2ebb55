import { DatabaseSync } from "node:sqlite";
import { contentDigest } from "@parley/models";
import { expect, it } from "vitest";
import { migrate } from "./schema.ts";
import { SqliteStore } from "./sqlite-store.ts";

/** Creates a database of schema version 1: with messages and without conversations. */
function firstVersion(messages: readonly (readonly [id: string, from: string, to: string])[]): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  migrate(db, "memory");
  db.exec(
    "DROP TABLE conversations; DROP TABLE aliases; DROP TABLE changes; DROP TABLE revocations; DROP TABLE marks;" +
      "PRAGMA user_version = 1;" +
      ["digest", "also", "meta", "change", "deleted"]
        .map((column) => `ALTER TABLE messages DROP COLUMN ${column};`)
        .join(""),
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

it("L29: messages of earlier versions have no digest, and get that of their first content with their first change", async () => {
  const db = firstVersion([["1700000000000-0000000001-00", "alice", "bob"]]);
  migrate(db, "memory");
  const store = new SqliteStore(
    db,
    () => undefined,
    () => undefined,
  );
  const message = { id: "1700000000000-0000000001-00", from: "alice", to: "bob", content: "text" };
  expect(await store.findById(message.id)).toEqual(message);
  const { id, from, to } = message;
  const change = "1700000000000-0000000002-00";
  const digest = contentDigest(message);
  const page = () => store.page("alice:bob", { limit: 9, newest: true, withoutContent: true });
  expect(await page()).toEqual([{ ...message, content: "", digest }]);
  const outcomes = await store.change(
    [
      { kind: "edit", change, from, to, id, digest, content: "edited" },
      { kind: "delete", change: "1700000000000-0000000003-00", from, to, id, digest: "another0000" },
    ],
    { watermark: id },
  );
  expect(outcomes.map(({ kind }) => kind)).toEqual(["stored", "orphan"]);
  expect(await store.findById(id)).toEqual({ ...message, content: "edited", change, digest });
  expect(await page()).toEqual([{ ...message, content: "", change, digest }]);
  expect(await store.insert([message])).toEqual([{ kind: "stored" }]);
  await store.close();
});

it("P71: what users have sent is unknown in a file of an earlier version, until they send again", async () => {
  const [first, second, third] = [1, 2, 3].map((n) => `1700000000000-000000000${n}-00`) as [
    string,
    string,
    string,
  ];
  const db = firstVersion([
    [first, "alice", "bob"],
    [second, "bob", "alice"],
  ]);
  migrate(db, "memory");
  const store = new SqliteStore(
    db,
    () => undefined,
    () => undefined,
  );
  const names = [
    { user: "alice", with: "bob" },
    { user: "bob", with: "alice" },
  ];
  expect(await store.marks.find(names)).toEqual([undefined, undefined]);
  await store.insert([{ id: third, from: "bob", to: "alice", content: "again" }]);
  expect(await store.marks.find(names)).toEqual([undefined, third]);
  await store.close();
});
