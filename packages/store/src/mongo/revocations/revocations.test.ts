import type { RevocationEntry } from "@parley/models";
import type { Collection } from "mongodb";
import { afterAll, expect, it, onTestFinished, vi } from "vitest";
import type { RevocationDocument } from "../document.ts";
import { startRig } from "../test/mongo-rig.ts";
import { keepRevocations, readRevocations } from "./revocations.ts";

const TIME_LIMIT = { signal: new AbortController().signal, maxTimeMS: 10_000 };
const rig = await startRig();
afterAll(() => rig?.stop());

it.skipIf(rig === undefined)(
  "L26: a newer entry stays if another process creates an older one in the moment of the write",
  async () => {
    const database = rig?.database();
    if (!database) return;
    onTestFinished(() => database.close());
    const collection: Collection<RevocationDocument> = database.raw.collection("revocations");
    const entry = (change: number): RevocationEntry => ({ kind: "user", user: "bob", change, value: change });
    const keep = (change: number) => keepRevocations(collection, [entry(change)], (run) => run(TIME_LIMIT));
    await keep(1);
    // The server matches nothing and inserts, as if the older entry came between the two. No real server does so on demand.
    const bulkWrite = collection.bulkWrite.bind(collection);
    vi.spyOn(collection, "bulkWrite").mockImplementationOnce((_, options) =>
      bulkWrite([{ insertOne: { document: { _id: "user bob", ...entry(2) } } }], options),
    );
    await keep(2);
    expect(await readRevocations(collection, TIME_LIMIT)).toEqual([entry(2)]);
    await keep(1);
    expect(await readRevocations(collection, TIME_LIMIT)).toEqual([entry(2)]);
  },
);
