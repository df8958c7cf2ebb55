import { afterAll, expect, it, onTestFinished } from "vitest";
import { createConnection } from "./connection.ts";
import { openMongoStore } from "./index.ts";
import { BY_SENDER } from "./indexes.ts";
import { startRig } from "./test/mongo-rig.ts";

const rig = await startRig();
afterAll(() => rig?.stop());

const UNAVAILABLE = { name: "ChatError", code: "unavailable" };

it.skipIf(rig === undefined)(
  "L13: a store that is opened before its server starts connects later",
  async () => {
    await rig?.server.kill("SIGKILL");
    const store = openMongoStore({ url: `${rig?.server.url}/early`, timeoutMs: 2_000 });
    onTestFinished(() => store.close());
    // Two concurrent operations that both fail, as in a persister.
    await Promise.all([
      expect(store.prepare()).rejects.toMatchObject(UNAVAILABLE),
      expect(store.lastId()).rejects.toMatchObject(UNAVAILABLE),
    ]);
    await expect(store.ping()).rejects.toMatchObject(UNAVAILABLE);
    await rig?.server.restart();
    const ping = () => store.ping().then(() => "connected");
    await expect.poll(ping, { timeout: 15_000 }).toBe("connected");
    await store.prepare();
    await store.close();
    await expect(store.ping()).rejects.toMatchObject(UNAVAILABLE);
  },
  60_000,
);

it.skipIf(rig === undefined)(
  "a read names its index, except to a server that would then scan all of it, and whose ranges are divided",
  async () => {
    const url = rig?.server.url ?? "";
    const db = createConnection(url, { timeoutMs: 5_000, maxConnections: 1 });
    onTestFinished(() => db.close());
    expect(db.hint(BY_SENDER)).toEqual({ hint: BY_SENDER });
    await db.ensureConnected();
    const isSecantus = /secantus/i.test(rig?.server.output() ?? "");
    expect(db.hint(BY_SENDER)).toEqual(isSecantus ? {} : { hint: BY_SENDER });
    expect(db.landmarks() !== undefined).toBe(isSecantus);
  },
);
