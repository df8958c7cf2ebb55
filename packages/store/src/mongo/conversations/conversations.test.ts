import { formatId, type LogMessage } from "@parley/models";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../../store.ts";
import type { ConversationDocument } from "../document.ts";
import { documentOf, type MessageDocument } from "../document.ts";
import { startRig, type TestDatabase } from "../test/mongo-rig.ts";

const rig = await startRig();
afterAll(() => rig?.stop());

const STORED = { kind: "stored" };
const UNAVAILABLE = { name: "ChatError", code: "unavailable" };

const never = new AbortController().signal;

/** Does what a persister does when it starts. */
async function upgrade(store: Store): Promise<void> {
  await store.prepare();
  await store.upgrade(never);
}

function idAt(n: number): string {
  return formatId({ ms: 1_700_000_000_000, seq: n });
}

function messageAt(n: number, more: Partial<LogMessage> = {}): LogMessage {
  return { id: idAt(n), from: "alice", to: "bob", content: `secret ${n}`, ...more };
}

describe.skipIf(rig === undefined)("conversations in MongoDB", { timeout: 60_000 }, () => {
  let database: TestDatabase;
  let store: Store;

  beforeEach(() => {
    if (rig === undefined) return;
    database = rig.database();
    store = database.store();
  });
  afterEach(() => database.close());

  const documents = () => database.raw.collection<ConversationDocument>("conversations");

  async function lastIds(of: Store, user = "alice"): Promise<string[]> {
    return (await of.conversations(user, { limit: 1_000 })).messages.map(({ id }) => id);
  }

  it("P57: each conversation has one document, and an index orders each user's by last message", async () => {
    await store.prepare();
    await store.insert([messageAt(1), messageAt(2, { from: "bob", to: "alice" }), messageAt(3, { to: "" })]);
    const [document, ...others] = await documents().find().toArray();
    expect(others).toEqual([]);
    const sent = { sentByFirst: idAt(1), sentBySecond: idAt(2) };
    expect(document).toMatchObject({ _id: "alice:bob", last: idAt(2), ...sent });
    expect(document?.users.toSorted()).toEqual(["alice", "bob"]);
    const keys = (await documents().indexes()).map(({ key }) => key);
    expect(keys).toEqual([{ _id: 1 }, { users: 1, last: -1 }]);
  });

  it("P57: until a process has prepared the store, the list is unavailable, never empty", async () => {
    await expect(store.conversations("alice", { limit: 1 })).rejects.toMatchObject(UNAVAILABLE);
    await database.store().prepare();
    expect(await lastIds(store)).toEqual([]);
  });

  it("L13: if messages are stored and conversations fail, insert is unavailable and the retry completes it", async () => {
    await store.prepare();
    await store.insert([messageAt(1)]);
    await rig?.fail({ failCommands: ["update"], errorCode: 10107 });
    const batch = [messageAt(2), messageAt(3, { to: "carol" })];
    await expect(store.insert(batch)).rejects.toMatchObject(UNAVAILABLE);
    expect(await store.page("alice:bob", { limit: 9, newest: true })).toHaveLength(2);
    expect(await lastIds(store)).toEqual([idAt(1)]);
    expect(await database.store().insert(batch)).toEqual([STORED, STORED]);
    expect(await lastIds(store)).toEqual([idAt(3), idAt(2)]);
  });

  it("L13: a write concern error for the conversations makes the batch unavailable", async () => {
    await store.prepare();
    const writeConcernError = { code: 64, errmsg: "waiting timed out" };
    await rig?.fail({ failCommands: ["update"], writeConcernError });
    await expect(store.insert([messageAt(1)])).rejects.toMatchObject(UNAVAILABLE);
    expect(await store.insert([messageAt(1)])).toEqual([STORED]);
  });

  it("P57: many processes can create the same conversations at the same time", async () => {
    const stores = Array.from({ length: 4 }, () => database.store());
    await Promise.all(stores.map((one) => one.prepare()));
    const peers = Array.from({ length: 50 }, (_, n) => `peer${n}`);
    await Promise.all(
      stores.map((one, turn) =>
        one.insert(peers.map((to, n) => messageAt(n * stores.length + turn, { to }))),
      ),
    );
    const newest = peers.map((_, n) => idAt(n * stores.length + stores.length - 1)).reverse();
    expect(await lastIds(store)).toEqual(newest);
  });

  it("P71: after a persister of an earlier version, a user has read up to what this version has stored", async () => {
    const names = [
      { user: "alice", with: "bob" },
      { user: "bob", with: "alice" },
    ];
    const storeEarlier = async (message: LogMessage) => {
      await database.raw.collection<MessageDocument>("messages").insertOne(documentOf(message));
      const update = { $max: { last: message.id }, $setOnInsert: { users: ["bob", "alice"] } };
      await documents().updateOne({ _id: "alice:bob" }, update, { upsert: true });
    };
    await store.prepare();
    await storeEarlier(messageAt(1));
    expect(await store.marks.find(names)).toEqual([undefined, undefined]);
    await store.insert([messageAt(2), messageAt(3, { from: "bob", to: "alice" })]);
    await storeEarlier(messageAt(4));
    expect(await store.marks.find(names)).toEqual([idAt(2), idAt(3)]);
    await database.store().insert([messageAt(4)]);
    expect(await store.marks.find(names)).toEqual([idAt(4), idAt(3)]);
  });

  it("L13, P71: a process that dies before it writes the conversation leaves that to the next one", async () => {
    await store.prepare();
    await rig?.fail({ failCommands: ["update"], errorCode: 10107 });
    await expect(store.insert([messageAt(1)])).rejects.toMatchObject(UNAVAILABLE);
    // The failure makes the driver of that process connect again.
    const next = database.store();
    await next.insert([messageAt(2, { from: "bob", to: "alice" })]);
    const alice = [{ user: "alice", with: "bob" }];
    expect(await next.marks.find(alice)).toEqual([undefined]);
    await next.insert([messageAt(1)], { mayBeStored: true });
    expect(await next.marks.find(alice)).toEqual([idAt(1)]);
  });

  describe("a database of an earlier version", () => {
    /**
     * alice has 100 conversations with three messages each. The public room has more messages than all these
     * together.
     */
    const PEERS = 100;
    const privateMessages = Array.from({ length: PEERS * 3 }, (_, n) =>
      messageAt(n, { to: `peer${n % PEERS}` }),
    );
    const publicMessages = Array.from({ length: 500 }, (_, n) => messageAt(10_000 + n, { to: "" }));
    const lasts = privateMessages
      .slice(-PEERS)
      .map(({ id }) => id)
      .reverse();

    beforeEach(async () => {
      // Building an index over existing documents is slow on a busy machine.
      store = database.store({ timeoutMs: 30_000 });
      const messages = database.raw.collection<MessageDocument>("messages");
      await messages.insertMany([...privateMessages, ...publicMessages].map(documentOf));
    });

    it("P57: upgrade creates the missing documents, reports progress, and runs only once", async () => {
      await upgrade(store);
      expect(await lastIds(store)).toEqual(lasts);
      const progress = database.events.filter(({ type }) => type === "backfill");
      expect(progress.at(-1)).toMatchObject({ messages: 3 * PEERS + 500, done: true });
      await upgrade(database.store());
      expect(database.events.filter(({ type }) => type === "backfill")).toEqual(progress);
    });

    it("P57: an interrupted upgrade continues, and until then only the list is unavailable", async () => {
      await store.prepare();
      await rig?.fail({ failCommands: ["update"], errorCode: 10107 });
      await expect(store.upgrade(never)).rejects.toMatchObject(UNAVAILABLE);
      await expect(store.conversations("alice", { limit: 1 })).rejects.toMatchObject(UNAVAILABLE);
      expect(await store.insert([messageAt(9_999, { to: "" })])).toEqual([STORED]);
      await upgrade(database.store());
      expect(await lastIds(store)).toEqual(lasts);
      expect(await database.raw.collection("progress").countDocuments()).toBe(0);
    });

    it("P57: concurrent upgrades and inserts never move a conversation back", async () => {
      await upgrade(store);
      await documents().dropIndexes();
      await store.insert([messageAt(20_000, { to: "peer3" })]);
      const others = Array.from({ length: 3 }, () => database.store());
      await Promise.all(others.map((other) => upgrade(other)));
      const without = lasts.filter((id) => id !== idAt(2 * PEERS + 3));
      expect(await lastIds(store)).toEqual([idAt(20_000), ...without]);
    });
  });
});
