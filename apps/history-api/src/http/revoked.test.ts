import { until } from "@parley/async";
import { afterEach, describe, expect, it } from "vitest";
import { startFullyStored } from "../test/fully-stored.ts";
import type { RunningApi } from "../test/running-api.ts";
import { message } from "../test/scripted-tail.ts";
import { type WatchedStore, watchStore } from "../test/watched-store.ts";

let server: RunningApi;
let store: WatchedStore;
afterEach(() => server.stop());

async function start(messages: number): Promise<void> {
  const log = Array.from({ length: messages }, (_, n) => message(n + 1));
  ({ server } = await startFullyStored(log, {}, (opened) => {
    store = watchStore(opened);
    return store;
  }));
}

describe("a token that is revoked while its request waits", () => {
  it.each(["/messages/bob?limit=5", "/messages/bob", "/sync", "/conversations"])(
    "P65, L26: gets no messages: %s",
    async (path) => {
      await start(10);
      const { promise, resolve } = Promise.withResolvers<void>();
      store.delay = promise;
      const answer = server.request(path);
      await until(() => store.pages + store.syncs > 0, "the store is asked");
      await server.revocations.revoke({ user: "alice", issuedBefore: Date.now() + 1_000 });
      resolve();
      expect(await answer).toMatchObject({ status: 401, body: { code: "token_revoked" } });
    },
  );

  it("P65: an answer that has begun is completed", async () => {
    await start(2_000);
    const response = await server.fetch("/messages/bob");
    await server.revocations.revoke({ user: "alice", until: Date.now() + 60_000 });
    expect(await response.json()).toHaveLength(2_000);
  });
});
