import { contentDigest, formatId, type LogMessage } from "@parley/models";
import { afterAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { createConnection } from "../connection.ts";
import { documentOf } from "../document.ts";
import { MongoStore } from "../mongo-store.ts";
import { startRig } from "../test/mongo-rig.ts";
import { Landmarks } from "./landmarks.ts";

const rig = await startRig();
afterAll(() => rig?.stop());

const idOf = (n: number) => formatId({ ms: 1_700_000_000_000 + n, seq: 0 });
const messages: LogMessage[] = Array.from({ length: 120 }, (_, n) => ({
  id: idOf(n),
  from: n % 3 === 0 ? "bob" : "alice",
  to: n % 3 === 0 ? "alice" : "bob",
  content: `message ${n}`,
}));

describe.skipIf(rig === undefined)("reads of a range with landmarks", { timeout: 60_000 }, () => {
  async function openStore(landmarks: Landmarks | null = new Landmarks()) {
    const database = rig?.database();
    if (database === undefined) throw new Error("there is no server");
    const connection = createConnection(database.url, { timeoutMs: 10_000, maxConnections: 2 });
    const deps = { observe: () => undefined, timeoutMs: 10_000 };
    // Divides ranges on any server: otherwise only reads from SecantusDB do so.
    const store = new MongoStore({ ...connection, landmarks: () => landmarks ?? undefined }, deps);
    onTestFinished(() => store.close());
    await store.prepare();
    await store.insert(messages);
    const collection = connection.messages;
    return { store, collection, find: vi.spyOn(collection, "find") };
  }

  it("give the same pages as reads without, also after more messages came", async () => {
    const { store } = await openStore();
    const ids = async (options: Parameters<typeof store.page>[1]) =>
      (await store.page("alice:bob", options)).map(({ id }) => id);
    const all = messages.map(({ id }) => id);
    for (const limit of [10, 7, 50, 3]) {
      for (const end of [120, 60, 11]) {
        const before = idOf(end);
        expect(await ids({ before, limit, newest: true })).toEqual(all.slice(Math.max(0, end - limit), end));
        expect(await ids({ after: idOf(end - 11), limit, newest: false })).toEqual(
          all.slice(end - 10, end - 10 + limit),
        );
      }
      expect((await store.sync("bob", { limit })).map(({ id }) => id)).toEqual(all.slice(0, limit));
    }
    // An id between two landmarks, as of another persister that was slower.
    const late = { ...(messages[0] as LogMessage), id: formatId({ ms: 1_700_000_000_117, seq: 5 }) };
    await store.insert([late]);
    expect(await ids({ limit: 3, newest: true })).toEqual([late.id, idOf(118), idOf(119)]);
  });

  it("ask the server for no more than a window, once the conversation has been read", async () => {
    const { store, find } = await openStore();
    const read = (after: string) => store.page("alice:bob", { after, limit: 10, newest: false });
    await read(idOf(5));
    find.mockClear();
    await read(idOf(5));
    await read(idOf(15));
    const conversation = "alice:bob";
    expect(find.mock.calls.map(([filter]) => filter)).toEqual([
      { conversation, _id: { $gt: idOf(5), $lte: idOf(47) } },
      { conversation, _id: { $gt: idOf(15), $lte: idOf(79) } },
    ]);
  });

  it("G5: contents that aren't asked for don't travel, except those of an earlier version for their digests", async () => {
    const { store, collection, find } = await openStore(null);
    const older: LogMessage[] = [121, 122].map((n) => ({
      ...{ id: idOf(n), from: "bob", to: "alice", content: `older ${n}`, meta: '{"a":1}' },
    }));
    const ids = older.map(({ id }) => id);
    await collection.insertMany(older.map(documentOf));
    await collection.updateMany({ _id: { $in: ids } }, { $unset: { digest: "", key: "" } });
    const page = await store.page("alice:bob", { limit: 4, newest: true, withoutContent: true });
    expect(page).toEqual(
      [...messages.slice(-2), ...older].map((message) => {
        const { meta: _, ...rest } = message;
        return { ...rest, content: "", digest: contentDigest(message) };
      }),
    );
    const [first, second] = find.mock.calls;
    expect(first?.[1]?.projection).toMatchObject({ content: 0, meta: 0 });
    expect(second?.[0]).toEqual({ _id: { $in: ids.toReversed() } });
    expect(find).toHaveBeenCalledTimes(2);
  });

  it("aren't used for a server that stops at the limit: each read is one query", async () => {
    const { store, find } = await openStore(null);
    expect(await store.page("alice:bob", { limit: 10, newest: true })).toHaveLength(10);
    expect(find.mock.calls.map(([filter]) => filter)).toEqual([{ conversation: "alice:bob" }]);
  });
});
