import { afterAll, afterEach, describe, expect, it } from "vitest";
import { openMongoStore } from "./index.ts";
import { type Rig, startRig, type TestDatabase } from "./test/mongo-rig.ts";

const rig = await startRig();

describe.skipIf(!rig)("the name of a store", { timeout: 60_000 }, () => {
  const mongo = rig as Rig;
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
  });
  afterAll(() => mongo.stop());

  const database = () => {
    const created = mongo.database();
    closers.push(() => created.close());
    return created;
  };
  const open = ({ url }: TestDatabase) => {
    const store = openMongoStore({ url, timeoutMs: 20_000 });
    closers.push(() => store.close());
    return store;
  };

  it("L38: is the same for every process, also if several ask for the first time at once", async () => {
    const db = database();
    const names = await Promise.all(Array.from({ length: 4 }, () => open(db).name()));
    expect(new Set(names).size).toBe(1);
    expect(names[0]).not.toBe("");
    expect(await open(db).name()).toBe(names[0]);
  });

  it("L38: of a copy in another database is another one", async () => {
    const [original, copy] = [database(), database()];
    const name = await open(original).name();
    await copy.raw.collection("facts").insertMany(await original.raw.collection("facts").find().toArray());
    expect(await open(copy).name()).not.toBe(name);
  });

  it("L38: changes when the database is restored, where the server gives ids to collections", async () => {
    const db = database();
    const facts = db.raw.collection("facts");
    const name = await open(db).name();
    const documents = await facts.find().toArray();
    await facts.drop();
    await facts.insertMany(documents);
    const hasIds = !name.endsWith("/");
    expect((await open(db).name()) !== name).toBe(hasIds);
  });

  it("L38: rejects if the database doesn't answer, so that nobody takes the store for one without a name", async () => {
    const db = database();
    const store = open(db);
    await store.name();
    await store.close();
    await expect(store.name()).rejects.toMatchObject({ code: "unavailable" });
  });

  it("L38: is empty for a user who may not write it", async () => {
    const db = database();
    await mongo.fail({ failCommands: ["insert"], errorCode: 13 });
    expect(await open(db).name()).toBe("");
    expect(await open(db).name()).not.toBe("");
  });
});
