import { connect, type Socket } from "node:net";
import { until } from "@parley/async";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { HistoryConfig } from "../config.ts";
import { RunningApi, tokenOf } from "../test/running-api.ts";
import { idAt, message, ScriptedTail } from "../test/scripted-tail.ts";
import { type WatchedStore, watchStore } from "../test/watched-store.ts";

/** More messages than the buffers of two sockets hold: about 24 MB as JSON. */
const MANY = 8_000;
const CONTENT = "x".repeat(3_000);
const LIMITS = { requests: 100, streams: 100, streamsPerUser: 100, pageBytes: 1_000_000_000 };

let server: RunningApi;
let store: WatchedStore;
let tail: ScriptedTail;
const sockets: Socket[] = [];

async function start(
  messages: number,
  changes: Partial<HistoryConfig> = {},
  content = CONTENT,
): Promise<void> {
  server = await RunningApi.start(
    async (opened) => {
      const log = Array.from({ length: messages }, (_, index) => message(index + 1, { content }));
      for (let at = 0; at < log.length; at += 5_000) await opened.insert(log.slice(at, at + 5_000));
      tail = new ScriptedTail();
      tail.replace(idAt(messages));
      return tail;
    },
    changes,
    (opened) => {
      store = watchStore(opened);
      return store;
    },
  );
  await until(() => server.api.problems().length === 0);
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.stop();
});

/** Sends a request and pauses the socket, so that nothing of the response is read until `resume`. */
async function pausedRequest(path: string, user = "alice"): Promise<Socket> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname).pause();
  sockets.push(socket);
  socket.on("error", () => undefined);
  const authorization = `Bearer ${await tokenOf(user)}`;
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: ${authorization}\r\n\r\n`);
  return socket;
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
    expect(pages).toBeLessThan(MANY / 500 / 2);
    socket.resume();
    await until(() => server.events.some(({ type }) => type === "answered"));
    expect(server.events).toContainEqual(expect.objectContaining({ type: "answered", messages: MANY }));
    expect(store.pages).toBeGreaterThan(pages);
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

describe("limits on concurrent work", () => {
  it("G5: limits the streams of one user, and serves other users", async () => {
    await start(MANY, { limits: { ...LIMITS, streamsPerUser: 1 } });
    const socket = await pausedRequest("/messages/bob");
    await pagesAtRest();
    const refused = await server.request("/messages/carol");
    expect(refused).toMatchObject({ status: 429, body: { code: "too_many_connections" } });
    expect(refused.headers.get("retry-after")).toBe("1");
    expect((await server.request("/messages/bob?limit=5")).status).toBe(200);
    expect((await server.request("/messages/carol", { user: "bob" })).status).toBe(200);
    socket.destroy();
    await until(async () => (await server.request("/messages/carol")).status === 200);
  });

  it("G5: limits the streams of all users, and still serves pages", async () => {
    await start(MANY, { limits: { ...LIMITS, streams: 1 } });
    await pausedRequest("/messages/bob");
    await pagesAtRest();
    const refused = await server.request("/messages/dave", { user: "carol" });
    expect(refused).toMatchObject({ status: 503, body: { code: "overloaded" } });
    expect(refused.headers.get("retry-after")).toBe("1");
    expect((await server.request("/sync?limit=5", { user: "carol" })).status).toBe(200);
  });

  it("G5: limits the memory of pages being sent, one user's to a quarter, and still serves short pages", async () => {
    // One page is 20 MB on the wire and about 40 MB in memory.
    await start(1_000, { limits: { ...LIMITS, pageBytes: 60_000_000 } }, "x".repeat(20_000));
    const socket = await pausedRequest("/messages/bob?limit=1000");
    await until(() => store.pages === 1);
    await until(async () => (await server.request("/messages/bob?limit=1000")).status === 429);
    const refused = await server.request("/sync?limit=1000");
    expect(refused).toMatchObject({ status: 429, body: { code: "too_many_connections" } });
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await server.request("/messages/alice?limit=1000", { user: "bob" })).toMatchObject({
      status: 503,
      body: { code: "overloaded" },
    });
    expect((await server.request("/messages/alice?limit=5", { user: "bob" })).status).toBe(200);
    socket.destroy();
    await until(async () => (await server.request("/messages/bob?limit=1000")).status === 200);
  });

  it("G5: limits all requests together", async () => {
    await start(MANY, { limits: { ...LIMITS, requests: 1 } });
    const socket = await pausedRequest("/messages/bob");
    await pagesAtRest();
    expect(await server.request("/sync")).toMatchObject({ status: 503, body: { code: "overloaded" } });
    socket.destroy();
    await until(async () => (await server.request("/sync?limit=5")).status === 200);
  });
});
