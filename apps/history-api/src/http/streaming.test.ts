import type { Socket } from "node:net";
import { until } from "@parley/async";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { HistoryConfig } from "../config.ts";
import { startFullyStored } from "../test/fully-stored.ts";
import type { RunningApi } from "../test/running-api.ts";
import { idAt, message, type ScriptedTail } from "../test/scripted-tail.ts";
import { SlowReaders } from "../test/slow-readers.ts";
import { type WatchedStore, watchStore } from "../test/watched-store.ts";

/** Number of messages. As JSON they are about 24 MB, which is more than fits into the buffers of two sockets. */
const MANY = 8_000;
const CONTENT = "x".repeat(3_000);

let server: RunningApi;
let store: WatchedStore;
let tail: ScriptedTail;
const readers = new SlowReaders();

async function start(
  messages: number,
  changes: Partial<HistoryConfig> = {},
  content = CONTENT,
): Promise<void> {
  const log = Array.from({ length: messages }, (_, index) => message(index + 1, { content }));
  ({ server, tail } = await startFullyStored(log, changes, (opened) => {
    store = watchStore(opened);
    return store;
  }));
}

afterEach(async () => {
  readers.close();
  await server.stop();
});

/** Sends a request. The client doesn't read the response until the test resumes the socket. */
function pausedRequest(path: string): Promise<Socket> {
  return readers.open(server.url, path);
}

/** Waits until the server reads no more pages from the store. Returns the number of pages read. */
async function pagesAtRest(): Promise<number> {
  let before = -1;
  await vi.waitUntil(
    () => {
      const isAtRest = store.pages > 1 && store.pages === before;
      before = store.pages;
      return isAtRest;
    },
    { interval: 200, timeout: 15_000 },
  );
  return before;
}

describe("a whole conversation", () => {
  it("P50: is sent in full and in order, however large", async () => {
    await start(MANY);
    const { body } = await server.request("/messages/bob");
    expect(body).toHaveLength(MANY);
    expect(body.every(({ id }: { id: string }, index: number) => id === idAt(index + 1))).toBe(true);
    expect(server.events).toContainEqual(
      expect.objectContaining({ type: "answered", whole: true, messages: MANY }),
    );
  });

  it("P50, G5: is read no faster than the client reads, and continues when the client does", async () => {
    await start(MANY);
    const socket = await pausedRequest("/messages/bob");
    const pages = await pagesAtRest();
    // The server reads 11 of these messages at a time, because PART in queries/sizes.ts bounds their bytes. So this
    // expects that the server has read less than half of the conversation.
    expect(pages).toBeLessThan(MANY / 11 / 2);
    socket.resume();
    await until(() => server.events.some(({ type }) => type === "answered"));
    expect(server.events).toContainEqual(expect.objectContaining({ type: "answered", messages: MANY }));
    expect(store.pages).toBeGreaterThan(pages);
  });

  it("G5: the store is asked for about as many messages as fit into a part, long ones or short ones", async () => {
    await start(1_000);
    await server.request("/messages/bob");
    expect(Math.max(...store.limits.slice(1))).toBeLessThan(20);
    await server.stop();
    await start(5_000, {}, "short");
    await server.request("/messages/bob");
    // About 50 parts, or some more if the store is slow: a part has at least 25 messages, if so many fit.
    expect(store.limits.length).toBeLessThanOrEqual(5_000 / 25);
  });

  it("P50, G5: isn't read further after the client has disconnected", async () => {
    await start(MANY);
    const socket = await pausedRequest("/messages/bob");
    const pages = await pagesAtRest();
    socket.destroy();
    await until(() => server.events.some(({ type }) => type === "abandoned"));
    expect(store.pages).toBe(pages);
    expect(server.events).toContainEqual({ type: "abandoned", slow: false });
  });

  it("G5: is cut off if the client reads nothing for too long", async () => {
    await start(MANY, { slowClientMs: 300 });
    const socket = await pausedRequest("/messages/bob");
    await until(() => server.events.some(({ type }) => type === "abandoned"));
    expect(server.events).toContainEqual({ type: "abandoned", slow: true });
    socket.resume();
    await until(() => socket.destroyed);
  });

  it("P50: a failure after the first byte destroys the connection, so that the JSON never parses", async () => {
    await start(2_000);
    store.failFrom = 3;
    const response = await server.fetch("/messages/bob");
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect(server.events).toContainEqual(
      expect.objectContaining({ type: "refused", code: "unavailable", cut: true }),
    );
  });

  it("P50: retries a store that is unavailable for a moment in the middle of the response", async () => {
    await start(2_000);
    store.failFrom = 3;
    const body = (await server.fetch("/messages/bob")).json();
    await until(() => store.pages >= 3);
    store.failFrom = Number.POSITIVE_INFINITY;
    expect(await body).toHaveLength(2_000);
  });

  it("HEAD reads nothing from the store", async () => {
    await start(10);
    expect(await server.request("/messages/bob", { method: "HEAD" })).toMatchObject({ status: 200 });
    expect(store.pages).toBe(0);
  });
});

describe("a failure before the first byte", () => {
  it("P55: answers 503 with a time to retry, never an empty list, if the store doesn't answer", async () => {
    await start(10);
    store.failFrom = 0;
    for (const path of ["/messages/bob", "/messages/bob?limit=5", "/messages", "/sync"]) {
      const answer = await server.request(path);
      expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(answer.headers.get("link")).toBeNull();
    }
  });

  it("P55: answers 503 if the log doesn't answer, even though the store does", async () => {
    await start(10);
    tail.isDown = true;
    for (const path of ["/messages/bob", "/messages/bob?limit=5", "/sync"]) {
      const answer = await server.request(path);
      expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    }
    await until(() => server.api.problems().length > 0);
    expect(store.pages + store.syncs).toBe(0);
  });

  it("L21: answers 503 until the follower has reached the log's end", async () => {
    await start(10);
    tail.append(message(11));
    tail.readable = "";
    tail.isLost = true;
    await until(() => server.api.problems().length > 0);
    expect(await server.request("/messages/bob")).toMatchObject({ status: 503 });
    tail.readable = idAt(11);
    await until(() => server.api.problems().length === 0);
    expect((await server.request("/messages/bob")).body).toHaveLength(11);
  });
});
