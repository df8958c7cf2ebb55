import { contentDigest, formatId, type LogChange, type LogMessage, ORIGIN } from "@parley/models";
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Store } from "../../store.ts";
import { type Connection, createConnection } from "../connection.ts";
import { MongoStore } from "../mongo-store.ts";
import { EarlierVersion } from "../test/earlier-version.ts";
import { startRig, type TestDatabase } from "../test/mongo-rig.ts";

const rig = await startRig();
afterAll(() => rig?.stop());

const STORED = { kind: "stored" };
const UNAVAILABLE = { name: "ChatError", code: "unavailable" };
const never = new AbortController().signal;

function idAt(n: number): string {
  return formatId({ ms: 1_700_000_000_000, seq: n });
}

const message: LogMessage = { id: idAt(1), from: "alice", to: "bob", content: "secret one", ref: "r" };
const other: LogMessage = { id: idAt(2), from: "alice", to: "bob", content: "secret two" };
const watermark = idAt(9);

function editOf({ id, from, to, content }: LogMessage, n: number): LogChange {
  const digest = contentDigest({ content });
  return { kind: "edit", change: idAt(n), from, to, id, digest, content: `secret edit ${n}`, ref: `e${n}` };
}

function deletionOf({ id, from, to, content }: LogMessage, n: number): LogChange {
  return { kind: "delete", change: idAt(n), from, to, id, digest: contentDigest({ content }) };
}

describe.skipIf(rig === undefined)("changes in MongoDB", { timeout: 60_000 }, () => {
  let database: TestDatabase;
  let store: Store;

  beforeEach(async () => {
    if (rig === undefined) return;
    database = rig.database();
    store = database.store();
    await store.prepare();
  });
  afterEach(() => database.close());

  const documentOf = (id: string) =>
    database.raw.collection<{ _id: string }>("messages").findOne({ _id: id });
  const changesIn = () =>
    database.raw.collection<{ _id: string }>("changes").find().sort({ _id: 1 }).toArray();

  /** Opens another store, whose operations the test can interrupt. */
  function openOn(): { readonly db: Store; readonly connection: Connection } {
    const connection = createConnection(database.url, { timeoutMs: 5_000, maxConnections: 2 });
    const db = new MongoStore(connection, { observe: () => undefined, timeoutMs: 5_000 });
    onTestFinished(() => db.close());
    return { db, connection };
  }

  it("P75: the collection of changes has no content, also after a delete, and the message has none", async () => {
    await store.insert([message]);
    await store.change([editOf(message, 20), deletionOf(message, 21)], { watermark });
    expect(await changesIn()).toEqual([
      {
        ...{ _id: idAt(20), conversation: "alice:bob", from: "alice", to: "bob", message: message.id },
        ...{ first: contentDigest(message), kind: "edit", ref: "e20", key: "alice:bob\nalice\ne20" },
        ...{ digest: expect.any(String), timestamp: new Date(1_700_000_000_000) },
      },
      expect.objectContaining({ _id: idAt(21), kind: "delete" }),
    ]);
    expect(JSON.stringify([await changesIn(), await documentOf(message.id)])).not.toContain("secret");
  });

  it("P75: a page in whose range nobody has changed anything takes one look at the ids", async () => {
    const { db, connection } = openOn();
    await db.insert([message]);
    await db.change([editOf(message, 20)], { watermark });
    const find = vi.spyOn(connection.changes, "find");
    const range = { after: idAt(20), before: idAt(90), limit: 9 };
    expect(await db.changes({ user: "alice" }, range)).toEqual([]);
    expect(find).toHaveBeenCalledTimes(1);
    await db.change([editOf(message, 30)], { watermark });
    expect(await db.changes({ user: "alice" }, range)).toMatchObject([{ change: { change: idAt(30) } }]);
    expect(await db.changes({ user: "carol" }, range)).toEqual([]);
  });

  it("prepare creates the indexes of changes, and reads before that find none", async () => {
    const fresh = rig?.database() ?? database;
    const early = fresh.store();
    expect(await early.changes({ user: "bob" }, { limit: 9 })).toEqual([]);
    expect(await early.findChange({ from: "alice", to: "bob", ref: "r" })).toBeUndefined();
    await Promise.all([early.prepare(), fresh.store().prepare()]);
    const indexes = await fresh.raw.collection("changes").indexes();
    const described = indexes.map(({ key, unique = false }) => ({ key, unique: unique && !("_id" in key) }));
    expect(described).toHaveLength(5);
    for (const key of [{ conversation: 1, _id: 1 }, { from: 1, _id: 1 }, { to: 1, _id: 1 }, { key: 1 }])
      expect(described).toContainEqual({ key, unique: false });
    await fresh.close();
  });

  it("costs messages without changes nothing: inserts and reads use no operation on the collection", async () => {
    const { db, connection } = openOn();
    const { changes } = connection;
    const spies = (["find", "findOne", "insertMany", "bulkWrite"] as const).map((name) =>
      vi.spyOn(changes, name),
    );
    await db.insert([message, other, { ...message, id: idAt(3) }], { keepAliases: true });
    await db.page("alice:bob", { limit: 9, newest: true });
    await db.sync("bob", { limit: 9 });
    await db.conversations("bob", { limit: 9 });
    await db.findByRef([message]);
    await db.findById(idAt(3));
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  });

  it("L28: a persister that dies between the change and its message's update leaves nothing half done", async () => {
    await store.insert([message]);
    await rig?.fail({ failCommands: ["update"], closeConnection: true });
    await expect(store.change([editOf(message, 20)], { watermark })).rejects.toMatchObject(UNAVAILABLE);
    expect(await changesIn()).toHaveLength(1);
    expect(await documentOf(message.id)).toMatchObject({ content: message.content });
    expect(await database.store().change([editOf(message, 20)], { watermark })).toEqual([STORED]);
    expect(await documentOf(message.id)).toMatchObject({ content: "secret edit 20", change: idAt(20) });
  });

  it("L28: a message that is inserted between update and read is updated, and the change is no orphan", async () => {
    const { db, connection } = openOn();
    const update = connection.messages.bulkWrite.bind(connection.messages);
    const updates = vi.spyOn(connection.messages, "bulkWrite").mockImplementationOnce(async (...args) => {
      const result = await update(...args);
      await store.insert([message, other]);
      return result;
    });
    // The watermark was read before: it has passed neither message.
    expect(await db.change([editOf(message, 20), deletionOf(other, 21)], { watermark: ORIGIN })).toEqual([
      STORED,
      STORED,
    ]);
    expect(updates).toHaveBeenCalledTimes(2);
    expect(await documentOf(message.id)).toMatchObject({ content: "secret edit 20" });
    expect(await documentOf(other.id)).toMatchObject({ content: "", deleted: true });
  });

  it("L28: a change that another process applies between update and read is settled", async () => {
    await store.insert([message]);
    const { db, connection } = openOn();
    const update = connection.messages.bulkWrite.bind(connection.messages);
    vi.spyOn(connection.messages, "bulkWrite").mockImplementationOnce(async (...args) => {
      await store.change([editOf(message, 21)], { watermark });
      return update(...args);
    });
    expect(await db.change([editOf(message, 20)], { watermark })).toEqual([STORED]);
    expect(await documentOf(message.id)).toMatchObject({ content: "secret edit 21", change: idAt(21) });
  });

  it("L29: a document of an earlier version gets the digest of its first content with its first change", async () => {
    const fresh = rig?.database() ?? database;
    const earlier = new EarlierVersion(fresh.raw);
    await earlier.start();
    await earlier.insert([message, other]);
    const db = fresh.store();
    await db.prepare();
    const wrong = editOf({ ...other, content: "another" }, 22);
    const changes = [editOf(message, 20), deletionOf(message, 21), wrong];
    expect(await db.change(changes, { watermark })).toEqual([
      STORED,
      STORED,
      { kind: "orphan", reason: expect.any(String) },
    ]);
    const [changed, unchanged] = await earlier.messages.find().sort({ _id: 1 }).toArray();
    expect(changed).toMatchObject({ content: "", digest: contentDigest(message), key: expect.any(String) });
    expect(unchanged).not.toHaveProperty("digest");
    expect(await db.insert([message, { ...message, id: idAt(30) }])).toEqual([
      STORED,
      { kind: "duplicateOf", id: message.id },
    ]);
    await db.prepare({ format: 2 });
    await db.upgrade(never);
    const digests = await earlier.messages.find().sort({ _id: 1 }).toArray();
    expect(digests.map(({ digest }) => digest)).toEqual([message, other].map(contentDigest));
    await fresh.close();
  });

  it("L29: the digest is added only while the message still has the content from which it was computed", async () => {
    const fresh = rig?.database() ?? database;
    const earlier = new EarlierVersion(fresh.raw);
    await earlier.start();
    await earlier.insert([message]);
    const connection = createConnection(fresh.url, { timeoutMs: 5_000, maxConnections: 2 });
    const db = new MongoStore(connection, { observe: () => undefined, timeoutMs: 5_000 });
    await db.prepare();
    const update = connection.messages.bulkWrite.bind(connection.messages);
    const bulks = vi.spyOn(connection.messages, "bulkWrite").mockImplementation(async (...args) => {
      // Before the second update, another process adds the digest and a later edit.
      if (bulks.mock.calls.length === 2) await fresh.store().change([editOf(message, 21)], { watermark });
      return update(...args);
    });
    expect(await db.change([editOf(message, 20)], { watermark })).toEqual([STORED]);
    const [changed] = await earlier.messages.find().toArray();
    expect(changed).toMatchObject({ content: "secret edit 21", digest: contentDigest(message) });
    await db.close();
    await fresh.close();
  });

  it.each([
    { step: "insert", data: { writeConcernError: { code: 64, errmsg: "waiting timed out" } } },
    { step: "update", data: { writeConcernError: { code: 64, errmsg: "waiting timed out" } } },
    { step: "update", data: { errorCode: 10107 } },
    { step: "find", data: { errorCode: 11601 } },
  ])("L13: change is unavailable if $step fails with $data, and may be repeated", async ({ step, data }) => {
    await store.insert([message]);
    const changes = [editOf(message, 20), editOf({ ...message, id: idAt(3) }, 21)];
    await rig?.fail({ failCommands: [step], ...data });
    await expect(store.change(changes, { watermark: idAt(2) })).rejects.toMatchObject(UNAVAILABLE);
    expect(await store.change(changes, { watermark: idAt(2) })).toEqual([STORED, { kind: "notYet" }]);
  });

  it("G4: reports outcomes as numbers, and never content or a name", async () => {
    await store.insert([message]);
    await store.change([editOf(message, 20), editOf(other, 21), editOf({ ...other, id: idAt(15) }, 22)], {
      watermark,
    });
    expect(database.events.at(-1)).toEqual({
      ...{ type: "change", changes: 3, stored: 1, orphans: 1, notYet: 1, failed: 0 },
      ms: expect.any(Number),
    });
    expect(JSON.stringify(database.events)).not.toMatch(/secret|alice|bob/);
  });
});
