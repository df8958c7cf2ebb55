import { contentDigest, formatId, type LogMessage } from "@parley/models";
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { StoreUnusable } from "../errors.ts";
import type { Store } from "../store.ts";
import { createConnection } from "./connection.ts";
import type { MessageDocument } from "./document.ts";
import { MongoStore } from "./mongo-store.ts";
import { startRig, type TestDatabase } from "./test/mongo-rig.ts";

const rig = await startRig();
afterAll(() => rig?.stop());

const STORED = { kind: "stored" };
const UNAVAILABLE = { name: "ChatError", code: "unavailable" };

function messageAt(n: number, more: Partial<LogMessage> = {}): LogMessage {
  return {
    id: formatId({ ms: 1_700_000_000_000, seq: n }),
    from: "alice",
    to: "",
    content: `secret ${n}`,
    ...more,
  };
}

describe.skipIf(rig === undefined)("MongoDB", { timeout: 60_000 }, () => {
  let database: TestDatabase;
  let store: Store;

  beforeEach(async () => {
    if (rig === undefined) return;
    database = rig.database();
    store = database.store();
    await store.prepare();
  });
  afterEach(() => database.close());

  it("stores a message as a document that other tools can read", async () => {
    await store.insert([messageAt(1, { to: "bob", ref: "r" }), messageAt(2)]);
    const documents = await database.raw
      .collection<MessageDocument>("messages")
      .find()
      .sort({ _id: 1 })
      .toArray();
    const timestamp = new Date(1_700_000_000_000);
    const { id, ...rest } = messageAt(1, { to: "bob", ref: "r" });
    const digest = contentDigest(rest);
    const bare = { from: "alice", to: "", content: "secret 2" };
    expect(documents).toEqual([
      { _id: id, conversation: "alice:bob", ...rest, timestamp, key: "r:alice:bob\nalice\nr", digest },
      {
        ...{ _id: messageAt(2).id, conversation: "public", ...bare, timestamp },
        ...{ key: `i:${messageAt(2).id}`, digest: contentDigest(bare) },
      },
    ]);
  });

  it("prepare creates the four indexes, with several processes at once", async () => {
    const others = Array.from({ length: 4 }, () => database.store());
    await Promise.all(others.map((other) => other.prepare()));
    const indexes = await database.raw.collection("messages").indexes();
    const described = indexes.map(({ key, unique = false, sparse }) => {
      return { key, unique, ...(sparse && { sparse }) };
    });
    expect(described).toHaveLength(5);
    expect(described).toEqual(
      expect.arrayContaining([
        { key: { conversation: 1, _id: 1 }, unique: false },
        { key: { from: 1, _id: 1 }, unique: false },
        { key: { to: 1, _id: 1 }, unique: false },
        { key: { key: 1 }, unique: true, sparse: true },
      ]),
    );
  });

  it("prepare refuses a collection in which two messages have the same ref", async () => {
    const other = rig?.database() ?? database;
    const twice = { conversation: "c", from: "alice", ref: "r", content: "secret" };
    await other.raw.collection("messages").insertMany([{ ...twice }, { ...twice }]);
    const refused = other.store().prepare({ format: 1 });
    await expect(refused).rejects.toThrow(StoreUnusable);
    await expect(refused).rejects.toThrow(/\.messages cannot be used: two messages have the same/);
    await expect(refused).rejects.not.toThrow(/secret/);
    await other.close();
  });

  it.each([
    { index: "conversation_1__id_1", read: (db: Store) => db.page("public", { limit: 1, newest: true }) },
    { index: "from_1__id_1", read: (db: Store) => db.sync("alice", { limit: 1 }) },
    { index: "to_1__id_1", read: (db: Store) => db.sync("alice", { limit: 1 }) },
  ])("P51, P53: reads that use $index are unavailable without it", async ({ index, read }) => {
    // Forces hints on any server: otherwise only reads from mongod name their index.
    const connection = createConnection(database.url, { timeoutMs: 5_000, maxConnections: 1 });
    const naming = { ...connection, hint: <Index>(hint: Index) => ({ hint }) };
    const db = new MongoStore(naming, { observe: () => undefined, timeoutMs: 5_000 });
    onTestFinished(() => db.close());
    await db.insert([messageAt(1)]);
    expect(await read(db)).toHaveLength(1);
    await database.raw.collection("messages").dropIndex(index);
    await expect(read(db)).rejects.toMatchObject(UNAVAILABLE);
    await db.prepare();
    expect(await read(db)).toHaveLength(1);
  });

  describe("L13: a bulk write counts as done only without an error of the whole write", () => {
    const batch = [messageAt(1), messageAt(2, { ref: "r" })];

    it.each([
      { name: "write concern error", data: { writeConcernError: { code: 64, errmsg: "waiting timed out" } } },
      { name: "step-down", data: { errorCode: 10107 } },
      { name: "shutdown", data: { errorCode: 91 } },
      { name: "lost connection", data: { closeConnection: true } },
    ])("$name: insert is unavailable, and the retry stores the batch", async ({ data }) => {
      await rig?.fail({ failCommands: ["insert"], ...data });
      await expect(store.insert(batch)).rejects.toMatchObject(UNAVAILABLE);
      expect(await store.insert(batch)).toEqual([STORED, STORED]);
    });

    it("a write concern error with duplicates counts too, since new messages aren't on a majority yet", async () => {
      await store.insert(batch);
      const writeConcernError = { code: 64, errmsg: "waiting timed out" };
      await rig?.fail({ failCommands: ["insert"], writeConcernError });
      await expect(store.insert([...batch, messageAt(3)])).rejects.toMatchObject(UNAVAILABLE);
    });

    it("insert is unavailable if the conflicting messages can't be read", async () => {
      await store.insert(batch);
      await rig?.fail({ failCommands: ["find"], errorCode: 11602 }, 2);
      await expect(store.insert(batch)).rejects.toMatchObject(UNAVAILABLE);
      expect(await store.insert(batch)).toEqual([STORED, STORED]);
    });

    it("a document that the server refuses fails without affecting the others", async () => {
      const validator = { content: { $ne: "secret 2" } };
      await database.raw.command({ collMod: "messages", validator });
      const outcomes = await store.insert([messageAt(1), messageAt(2), messageAt(1), messageAt(3)]);
      const failed = { kind: "failed", reason: "the server refused it with code 121" };
      expect(outcomes).toEqual([STORED, failed, STORED, STORED]);
    });
  });

  it("every operation settles within its time limit, and its connection is reused", async () => {
    const timeoutMs = 500;
    const quick = database.store({ timeoutMs, maxConnections: 2 });
    await expect.poll(() => quick.insert([messageAt(1)]).then(() => "stored", String)).toBe("stored");
    const operations = [
      { command: "insert", run: () => quick.insert([messageAt(2)]) },
      { command: "find", run: () => quick.page("public", { limit: 1, newest: true }) },
      { command: "find", run: () => quick.sync("alice", { limit: 1 }) },
      { command: "find", run: () => quick.lastId() },
      { command: "ping", run: () => quick.ping() },
    ];
    for (const { command, run } of operations) {
      await rig?.fail({ failCommands: [command], blockConnection: true, blockTimeMS: 6 * timeoutMs });
      const started = performance.now();
      await expect(run(), command).rejects.toMatchObject(UNAVAILABLE);
      expect(performance.now() - started, command).toBeLessThan(6 * timeoutMs);
      await expect.poll(() => run().then(() => "settled", String), { timeout: 10_000 }).toBe("settled");
    }
  });

  it("F25: each operation of an insert has its own time limit, so a slow server stores a repeated batch", async () => {
    const timeoutMs = 2_500;
    const patient = database.store({ timeoutMs });
    const batch = [messageAt(1), messageAt(2)];
    await patient.insert(batch);
    for (const mayBeStored of [false, true]) {
      const blocked = {
        failCommands: ["insert", "find"],
        blockConnection: true,
        blockTimeMS: 0.6 * timeoutMs,
      };
      await rig?.fail(blocked, 2);
      expect(await patient.insert(batch, { mayBeStored })).toEqual([STORED, STORED]);
    }
  });

  it("F25: of a batch that may be stored, only what isn't stored is written, but at least one message", async () => {
    const connection = createConnection(database.url, { timeoutMs: 5_000, maxConnections: 1 });
    const inserts = vi.spyOn(connection.messages, "insertMany");
    const db = new MongoStore(connection, { observe: () => undefined, timeoutMs: 5_000 });
    onTestFinished(() => db.close());
    const batch = [messageAt(1), messageAt(2), messageAt(3)];
    await db.insert(batch.slice(0, 2));
    expect(await db.insert(batch, { mayBeStored: true })).toEqual([STORED, STORED, STORED]);
    expect(await db.insert(batch, { mayBeStored: true })).toEqual([STORED, STORED, STORED]);
    const written = inserts.mock.calls.map(([documents]) => documents.map(({ _id }) => _id));
    expect(written).toEqual([[batch[0]?.id, batch[1]?.id], [batch[2]?.id], [batch[0]?.id]]);
  });

  it.each([
    { problem: "slow", data: { blockConnection: true, blockTimeMS: 3_000 } },
    { problem: "slow", data: { writeConcernError: { code: 64, errmsg: "waiting timed out" } } },
    { problem: "unreachable", data: { closeConnection: true } },
    { problem: "failing", data: { errorCode: 10107 } },
  ])("an error says that the server is $problem: $data", async ({ problem, data }) => {
    const quick = database.store({ timeoutMs: 2_000 });
    await quick.ping();
    await rig?.fail({ failCommands: ["insert"], ...data });
    await expect(quick.insert([messageAt(1)])).rejects.toMatchObject({ ...UNAVAILABLE, problem });
  });

  it("G4: a failure reports its kind, never content or a name", async () => {
    await rig?.fail({ failCommands: ["insert"], closeConnection: true });
    await store.insert([messageAt(1, { from: "somebody" })]).catch(() => undefined);
    await rig?.fail({ failCommands: ["insert"], errorCode: 10107 });
    const error: unknown = await store.insert([messageAt(1)]).catch((error: unknown) => error);
    expect(error).toMatchObject(UNAVAILABLE);
    expect(error).toHaveProperty("cause.message", "MongoBulkWriteError NotWritablePrimary");
    await store.insert([messageAt(1, { ref: "r" }), messageAt(2, { ref: "r" }), messageAt(1)]);
    expect(database.events).toMatchObject([
      { type: "failure", operation: "insert", reason: "MongoNetworkError" },
      { type: "failure", operation: "insert", reason: "MongoBulkWriteError NotWritablePrimary" },
      { type: "insert", messages: 3, stored: 1, refsReused: 1, idConflicts: 1, duplicates: 0, failed: 0 },
    ]);
    expect(JSON.stringify(database.events)).not.toMatch(/secret|somebody|alice/);
  });
});
