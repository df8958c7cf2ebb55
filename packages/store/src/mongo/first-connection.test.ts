import { afterAll, expect, it, onTestFinished } from "vitest";
import { openMongoStore } from "./index.ts";
import { startRig } from "./test-rig.ts";

const rig = await startRig();
afterAll(() => rig?.stop());

const UNAVAILABLE = { name: "ChatError", code: "unavailable" };

it.skipIf(rig === undefined)(
  "L13: a store that is opened before its server is there finds it later",
  async () => {
    await rig?.server.kill("SIGKILL");
    const store = openMongoStore({ url: `${rig?.server.url}/early`, timeoutMs: 2_000 });
    onTestFinished(() => store.close());
    // As a persister does: both ask at once, and both in vain.
    await Promise.all([
      expect(store.prepare()).rejects.toMatchObject(UNAVAILABLE),
      expect(store.lastId()).rejects.toMatchObject(UNAVAILABLE),
    ]);
    await expect(store.ping()).rejects.toMatchObject(UNAVAILABLE);
    await rig?.server.restart();
    const answer = () => store.ping().then(() => "it is there");
    await expect.poll(answer, { timeout: 15_000 }).toBe("it is there");
    await store.prepare();
    await store.close();
    await expect(store.ping()).rejects.toMatchObject(UNAVAILABLE);
  },
  60_000,
);
