import { inBackground, until } from "@parley/async";
import type { Appender, Consumer, Settled } from "@parley/bus";
import { MemoryBus } from "@parley/bus/memory";
import type { LogMessage } from "@parley/models";
import type { Store } from "@parley/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RunningApi } from "../test/running-api.ts";

let server: RunningApi;
let append: Appender;
let stop: AbortController;
let storing: Promise<void>;

/** Does the minimum of a persister: stores each batch and reports the outcomes to the log. */
async function storeBatches(consume: Consumer, store: Store, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const batch = (await consume.next(signal)).map(({ entry }) => entry as LogMessage);
    if (batch.length === 0) return;
    const inserted = await store.insert(batch);
    const settled = batch.map((entry, at) => ({ entry, outcome: inserted[at] }) as Settled);
    await consume.settle(settled);
  }
}

beforeEach(async () => {
  stop = new AbortController();
  server = await RunningApi.start(async (store) => {
    const bus = new MemoryBus({ lastStored: await store.lastId() });
    append = bus.append();
    storing = storeBatches(bus.consume({ lastStored: () => store.lastId() }), store, stop.signal);
    return bus.tail();
  });
  await until(() => server.api.problems().length === 0);
});
afterEach(async () => {
  stop.abort();
  await storing;
  await server.stop();
});

describe("history over the in-memory log", () => {
  it("P56: the answer holds every message acknowledged before the request, while others are sent", async () => {
    const answers: Promise<void>[] = [];
    for (let sent = 1; sent <= 200; sent += 1) {
      const [appended] = await append.append([{ from: "alice", to: "bob", content: `number ${sent}` }]);
      if (!appended?.ok) throw new Error("not appended");
      const { id } = appended;
      const path = sent % 2 === 0 ? "/messages/bob" : "/messages/bob?limit=1000";
      answers.push(
        server.request(path).then(({ body }) => {
          const ids: string[] = body.map((message: { id: string }) => message.id);
          expect(ids).toContain(id);
          expect(ids).toEqual([...ids].sort());
          expect(ids.length).toBeGreaterThanOrEqual(sent);
        }),
      );
    }
    await Promise.all(answers);
  });

  it("P53: a client that syncs while others send gets each message once", async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    const sending = inBackground(
      (async () => {
        for (let sent = 0; sent < 300; sent += 1)
          await append.append([
            { from: "bob", to: sent % 3 === 0 ? "" : "alice", content: `number ${sent}` },
          ]);
      })(),
    );
    let isDone = false;
    void sending.then(() => {
      isDone = true;
    });
    for (let more = true; more || !isDone; ) {
      const { body } = await server.request(`/sync?limit=20${cursor ? `&after=${cursor}` : ""}`);
      seen.push(...body.messages.map((message: { content: string }) => message.content));
      ({ cursor, more } = body);
    }
    const { body } = await server.request(`/sync?after=${cursor}`);
    seen.push(...body.messages.map((message: { content: string }) => message.content));
    expect(seen).toEqual(Array.from({ length: 300 }, (_, sent) => `number ${sent}`));
  });
});
