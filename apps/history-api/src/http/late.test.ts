import { until } from "@parley/async";
import { afterEach, describe, expect, it } from "vitest";
import type { HistoryConfig } from "../config.ts";
import { startFullyStored } from "../test/fully-stored.ts";
import type { RunningApi } from "../test/running-api.ts";
import { message, type ScriptedTail } from "../test/scripted-tail.ts";
import { type WatchedStore, watchStore } from "../test/watched-store.ts";

const forever = new Promise<never>(() => undefined);

let server: RunningApi;
let store: WatchedStore;
let tail: ScriptedTail;

async function start(changes: Partial<HistoryConfig> = {}, messages = 10): Promise<void> {
  const log = Array.from({ length: messages }, (_, index) => message(index + 1, { ref: `r${index}` }));
  ({ server, tail } = await startFullyStored(log, { answerTimeoutMs: 1_000, ...changes }, (opened) => {
    store = watchStore(opened);
    return store;
  }));
}

afterEach(async () => {
  tail.releaseAll();
  await server.stop();
});

const late = () => server.events.flatMap((event) => (event.type === "late" ? [event.wait] : []));

describe("a request that can't be answered in time", () => {
  it.each(["/messages/bob", "/messages/bob?limit=5", "/sync"])(
    "F25: gets 503 while the store is slow: %s",
    async (path) => {
      await start();
      store.delay = forever;
      const { status, headers, body } = await server.request(path);
      expect([status, body.code, headers.get("retry-after")]).toEqual([503, "unavailable", "1"]);
      expect(body.detail).toMatch(/store is slow/);
      expect(late()).toEqual(["store"]);
      expect(store.signals.every(({ aborted }) => aborted)).toBe(true);
      store.delay = Promise.resolve();
      expect((await server.request(path)).status).toBe(200);
    },
  );

  it("F25: gets 503 while the store doesn't answer which refs are stored", async () => {
    await start();
    tail.append(message(11, { ref: "r" }));
    store.lookupDelay = forever;
    for (const path of ["/messages/bob", "/messages/bob?limit=5", "/sync?limit=100", "/conversations"]) {
      const { status, body } = await server.request(path);
      expect([path, status, body.code]).toEqual([path, 503, "unavailable"]);
      expect(body.detail).toMatch(/store is slow/);
    }
  });

  it.each(["/messages/bob", "/sync", "/conversations"])(
    "F25: gets 503 while the log doesn't answer: %s",
    async (path) => {
      await start();
      tail.hold("position");
      const { status, body } = await server.request(path);
      expect([status, body.code]).toEqual([503, "unavailable"]);
      expect(body.detail).toMatch(/the log/i);
      expect(late()).toEqual(["log"]);
    },
  );

  it("F25: gets 503 while others have all turns and wait for the store", async () => {
    await start();
    store.delay = forever;
    const reads = Array.from({ length: 12 }, () => server.request("/messages/bob?limit=5"));
    const statuses = (await Promise.all(reads)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([503]));
    expect(late()).toHaveLength(12);
    expect(new Set([...late(), "store", "turn"])).toEqual(new Set(["store", "turn"]));
    store.delay = Promise.resolve();
    expect((await server.request("/messages/bob?limit=5")).status).toBe(200);
  });

  it("P50, F25: is cut off in the middle of a whole conversation, after the time for one part", async () => {
    await start({}, 1_200);
    store.delayFrom = 2;
    await expect(server.request("/messages/bob")).rejects.toThrow();
    await until(() => server.events.some((event) => event.type === "refused" && event.cut));
    expect(late()).toEqual(["store"]);
    store.delayFrom = Number.POSITIVE_INFINITY;
    expect((await server.request("/messages/bob")).body).toHaveLength(1_200);
  });
});
