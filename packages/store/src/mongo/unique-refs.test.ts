import { formatId, type LogMessage } from "@parley/models";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StoreUnusable } from "../errors.ts";
import type { Store } from "../store.ts";
import { createConnection } from "./connection.ts";
import { MongoStore } from "./mongo-store.ts";
import { EarlierVersion } from "./test/earlier-version.ts";
import { startRig, type TestDatabase } from "./test/mongo-rig.ts";

const rig = await startRig();
afterAll(() => rig?.stop());

const STORED = { kind: "stored" };
const REF_INDEX = "conversation_1_from_1_ref_1";
const never = new AbortController().signal;
/** Messages per read of an upgrade: fewer than by default, because the server reads and writes them slowly. */
const PAGE = 500;
const OPTIONS = { timeoutMs: 30_000, pageSize: PAGE };

function messageAt(n: number, more: Partial<LogMessage> = {}): LogMessage {
  const id = formatId({ ms: 1_700_000_000_000, seq: n });
  return { id, from: n % 2 ? "alice" : "bob", to: "", content: `content ${n}`, ref: `r${n}`, ...more };
}

/** The same message again, sent after the window: with the same ref and another id. */
function again(message: LogMessage, n: number): LogMessage {
  return { ...message, id: formatId({ ms: 1_800_000_000_000, seq: n }) };
}

describe.skipIf(rig === undefined)("unique refs in MongoDB", { timeout: 120_000 }, () => {
  let database: TestDatabase;
  let earlier: EarlierVersion;
  let store: Store;

  beforeEach(() => {
    if (rig === undefined) return;
    database = rig.database();
    earlier = new EarlierVersion(database.raw);
    store = database.store(OPTIONS);
  });
  afterEach(() => database.close());

  async function uniqueIndexes(): Promise<string[]> {
    const indexes = await earlier.messages.indexes();
    return indexes.flatMap(({ name = "", unique }) => (unique && name !== "_id_" ? [name] : [])).sort();
  }
  const withoutKey = () => earlier.messages.countDocuments({ key: { $exists: false } });

  /** Checks that a ref stands for one message: for the documents that the earlier version stored, and for new ones. */
  async function expectUnique(holder: LogMessage, n: number): Promise<void> {
    const repeated = again(holder, n);
    expect(await store.insert([repeated])).toEqual([{ kind: "duplicateOf", id: holder.id }]);
    expect(await store.findByRef([repeated])).toMatchObject([{ id: holder.id }]);
    const fresh = messageAt(500_000 + 2 * n);
    expect(await store.insert([fresh, again(fresh, 500_000 + n)])).toEqual([
      STORED,
      { kind: "duplicateOf", id: fresh.id },
    ]);
  }

  it("G2: a new store has format 2, whoever prepares it, and stays so", async () => {
    const others = Array.from({ length: 4 }, () => database.store());
    await Promise.all([store, ...others].map((one) => one.prepare()));
    expect(await uniqueIndexes()).toEqual(["key_1"]);
    await store.insert([messageAt(1)]);
    await database.store().prepare();
    expect(await uniqueIndexes()).toEqual(["key_1"]);
    await expectUnique(messageAt(1), 1);
  });

  it("G2: a store of the earlier version keeps format 1, and both versions store messages in it", async () => {
    await earlier.start();
    await earlier.insert([messageAt(1), messageAt(3), messageAt(5, { ref: "x" })]);
    await store.prepare();
    await store.upgrade(never);
    expect(await uniqueIndexes()).toEqual([REF_INDEX]);
    await expectUnique(messageAt(1), 1);
    await store.insert([messageAt(7)]);
    await earlier.insert([messageAt(9), messageAt(11)]);
    await expect(earlier.insert([again(messageAt(7), 7)])).rejects.toMatchObject({ code: 11000 });
    expect(await earlier.findByRef(messageAt(7))).toMatchObject({ _id: messageAt(7).id });
    expect(await store.insert([again(messageAt(9), 9)])).toEqual([
      { kind: "duplicateOf", id: messageAt(9).id },
    ]);
  });

  it("G2: format 2 gives every document a key and a digest, reports progress, and drops the old index", async () => {
    await earlier.start();
    const { ref: _, ...bare0 } = messageAt(0);
    const old = [bare0, ...Array.from({ length: PAGE + 299 }, (_, n) => messageAt(n + 1))];
    await earlier.insert(old);
    await store.prepare({ format: 2 });
    expect(await uniqueIndexes()).toEqual([REF_INDEX]);
    await store.upgrade(never);
    expect(await uniqueIndexes()).toEqual(["key_1"]);
    const [bare, withRef] = await earlier.messages.find().sort({ _id: 1 }).limit(2).toArray();
    expect(bare).toMatchObject({ key: `i:${old[0]?.id}`, content: "content 0" });
    expect(withRef).toMatchObject({ key: "r:public\nalice\nr1", ref: "r1", digest: expect.any(String) });
    expect(await withoutKey()).toBe(0);
    const progress = database.events.filter((event) => event.type === "backfill");
    expect(progress.map(({ messages, filled, done }) => [messages, filled, done])).toEqual([
      [PAGE, PAGE, false],
      [PAGE + 300, PAGE + 300, true],
      [PAGE, 0, false],
      [PAGE + 300, 0, true],
    ]);
    expect(await database.raw.collection("progress").countDocuments()).toBe(0);
    await expectUnique(messageAt(1), 1);
    await store.upgrade(never);
    expect(database.events.filter((event) => event.type === "backfill")).toEqual(progress);
  });

  it("G2: refs are unique and looked up correctly after each step of the change, and it continues", async () => {
    await earlier.start();
    await earlier.insert(Array.from({ length: PAGE + 100 }, (_, n) => messageAt(n)));
    let isDone = false;
    for (let steps = 1; !isDone; steps += 2) {
      // A process that ends after this many steps: the next one is a new store.
      const next = database.store(OPTIONS);
      await next.prepare({ format: 2 });
      const killed = new Error("killed");
      const controller = new AbortController();
      let left = steps;
      vi.spyOn(controller.signal, "throwIfAborted").mockImplementation(() => {
        left -= 1;
        if (left < 0) throw killed;
      });
      isDone = await next.upgrade(controller.signal).then(
        () => true,
        (error: unknown) => {
          expect(error).toBe(killed);
          return false;
        },
      );
      const indexes = await uniqueIndexes();
      if (!indexes.includes(REF_INDEX)) expect([indexes, await withoutKey()]).toEqual([["key_1"], 0]);
      await expectUnique(messageAt(PAGE + (steps % 90)), steps);
    }
    expect(await uniqueIndexes()).toEqual(["key_1"]);
  });

  it("G2: several processes change the format at once, while messages are stored", async () => {
    await earlier.start();
    await earlier.insert(Array.from({ length: 500 }, (_, n) => messageAt(n)));
    const others = [store, database.store(OPTIONS), database.store(OPTIONS)];
    await Promise.all(others.map((one) => one.prepare({ format: 2 })));
    let isDone = false;
    const changing = Promise.all(others.map((one) => one.upgrade(never))).then(() => {
      isDone = true;
    });
    let stored = 0;
    for (; !isDone; stored += 1)
      expect(
        await store.insert([messageAt(10_000 + stored), again(messageAt(stored % 500), stored)]),
      ).toEqual([STORED, { kind: "duplicateOf", id: messageAt(stored % 500).id }]);
    await changing;
    expect(await uniqueIndexes()).toEqual(["key_1"]);
    expect(await withoutKey()).toBe(0);
    expect(await earlier.messages.countDocuments()).toBe(500 + stored);
  });

  it("G2: while an earlier version still stores messages, the old index stays, and neither is stopped", async () => {
    await earlier.start();
    await earlier.insert([messageAt(0), messageAt(1)]);
    const connection = createConnection(database.url, { timeoutMs: 30_000, maxConnections: 2 });
    const { messages } = connection;
    // Each write of keys is followed by two messages of one sender, which the pass that is running has not read.
    let writes = 0;
    const bulkWrite = messages.bulkWrite.bind(messages);
    vi.spyOn(messages, "bulkWrite").mockImplementation(async (...args) => {
      const result = await bulkWrite(...args);
      writes += 1;
      if (writes <= 3) await earlier.insert([messageAt(10 * writes), messageAt(10 * writes + 2)]);
      return result;
    });
    const keylessAtDrop: number[] = [];
    const dropIndex = messages.dropIndex.bind(messages);
    vi.spyOn(messages, "dropIndex").mockImplementation(async (name) => {
      keylessAtDrop.push(await withoutKey());
      return dropIndex(name);
    });
    const changing = new MongoStore(connection, { observe: () => undefined, timeoutMs: 30_000 });
    await changing.prepare({ format: 2 });
    await changing.upgrade(never);
    await changing.close();
    expect([writes, keylessAtDrop]).toEqual([4, [0]]);
    expect(await uniqueIndexes()).toEqual(["key_1"]);
    expect(await withoutKey()).toBe(0);
    await expectUnique(messageAt(32), 1);
  });

  it("G2: format 1 returns to the old index before an earlier version stores messages again", async () => {
    await store.prepare();
    await store.insert([messageAt(1)]);
    await database.store().prepare({ format: 1 });
    expect(await uniqueIndexes()).toEqual([REF_INDEX, "key_1"]);
    await earlier.start();
    await earlier.insert([messageAt(3), messageAt(5)]);
    await expect(earlier.insert([again(messageAt(1), 1)])).rejects.toMatchObject({ code: 11000 });
    const later = database.store();
    await later.prepare({ format: 1 });
    expect(await later.insert([again(messageAt(3), 3)])).toEqual([
      { kind: "duplicateOf", id: messageAt(3).id },
    ]);
    await later.prepare({ format: 2 });
    await later.upgrade(never);
    expect([await uniqueIndexes(), await withoutKey()]).toEqual([["key_1"], 0]);
    expect(await earlier.messages.countDocuments()).toBe(3);
  });

  it("G2: an earlier version that starts on format 2 returns to format 1, and a process notices it", async () => {
    await store.prepare();
    await store.insert([messageAt(1), again(messageAt(1), 1)]);
    await earlier.start();
    await earlier.insert([messageAt(3), messageAt(5)]);
    // The first lookup by key doesn't find the document. Then the message isn't settled, and is inserted again.
    const repeated = again(messageAt(3), 3);
    expect(await store.insert([repeated])).toMatchObject([{ kind: "failed" }]);
    expect(await store.insert([repeated])).toEqual([{ kind: "duplicateOf", id: messageAt(3).id }]);
    expect(await store.findByRef([repeated])).toMatchObject([{ id: messageAt(3).id }]);
  });

  it("G2: on a server without partial indexes a new store has format 2, and format 1 is refused", async () => {
    const refused = { failCommands: ["createIndexes"], errorCode: 238 };
    await store.prepare();
    const other = database.store();
    const connection = createConnection(database.url, { timeoutMs: 5_000, maxConnections: 1 });
    const { messages } = connection;
    const create = messages.createIndexes.bind(messages);
    vi.spyOn(messages, "createIndexes").mockImplementation(async (indexes) => {
      if (indexes.some((index) => index.partialFilterExpression)) await rig?.fail(refused);
      return create(indexes);
    });
    const without = new MongoStore(connection, { observe: () => undefined, timeoutMs: 5_000 });
    await expect(without.prepare({ format: 1 })).rejects.toThrow(StoreUnusable);
    await expect(without.prepare({ format: 1 })).rejects.toThrow(/no partial indexes.*format 2/);
    await without.prepare();
    await without.close();
    await other.prepare();
    expect(await uniqueIndexes()).toEqual(["key_1"]);
  });
});
