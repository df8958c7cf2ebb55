import { until } from "@parley/async";
import { TrustedProxies } from "@parley/service";
import { afterEach, describe, expect, it } from "vitest";
import type { HistoryConfig } from "../config.ts";
import type { RequestLimits } from "../limits/request-limiter.ts";
import { startFullyStored } from "../test/fully-stored.ts";
import { LIMITS, type RunningApi } from "../test/running-api.ts";
import { message } from "../test/scripted-tail.ts";
import { SlowReaders } from "../test/slow-readers.ts";
import { type WatchedStore, watchStore } from "../test/watched-store.ts";

/** Number of messages. As JSON they are 24 MB, which is more than fits into the buffers of two sockets. */
const MANY = 3_000;
const CONTENT = "x".repeat(8_000);
const PROXY = TrustedProxies.parse("127.0.0.1") ?? TrustedProxies.none;

let server: RunningApi;
let store: WatchedStore;
const readers = new SlowReaders();

async function start(
  limits: Partial<RequestLimits>,
  changes: Partial<HistoryConfig> = {},
  messages = MANY,
): Promise<void> {
  const log = Array.from({ length: messages }, (_, index) => message(index + 1, { content: CONTENT }));
  const config = { limits: { ...LIMITS, ...limits }, trustedProxies: PROXY, ...changes };
  ({ server } = await startFullyStored(log, config, (opened) => {
    store = watchStore(opened);
    return store;
  }));
}

afterEach(async () => {
  readers.close();
  await server.stop();
});

const from = (forwardedFor: string) => ({ headers: { "x-forwarded-for": forwardedFor } });
const limited = (limit: string, share: string) =>
  server.events.filter((event) => event.type === "limited" && event.limit === limit && event.share === share);
const displaced = () => server.events.filter(({ type }) => type === "displaced").length;

describe("clients that don't read", () => {
  it("G5: hold no place: with one place for all, everybody else is served", async () => {
    await start({ requests: 1, requestsPerUser: 1, requestsPerAddress: 1 });
    const unread = [
      ["/messages/bob?limit=100", () => store.pages],
      ["/sync?limit=100", () => store.syncs],
      ["/messages/bob", () => store.pages],
    ] as const;
    // One request may wait beside the one that is read. The next one comes when none waits.
    for (const [path, reads] of unread) {
      const before = reads();
      await readers.open(server.url, path);
      await until(() => reads() > before);
    }
    expect((await server.request("/sync?limit=5", { user: "carol" })).status).toBe(200);
    expect((await server.request("/messages/bob?limit=5")).status).toBe(200);
  });

  it("G5: of two users with all streams don't keep out a third, whose request displaces one of theirs", async () => {
    await start({ streams: 4, streamsPerUser: 2 });
    for (let n = 0; n < 2; n += 1) {
      await readers.open(server.url, "/messages/bob", { user: "alice" });
      await readers.open(server.url, "/messages/alice", { user: "bob" });
    }
    await until(() => store.pages > 6);
    expect((await server.request("/messages/dave", { user: "carol" })).status).toBe(200);
    expect(displaced()).toBe(1);
  });

  it("G5: one user's streams are refused beyond the user's bound, and others are served", async () => {
    await start({ streams: 4, streamsPerUser: 2 });
    for (let n = 0; n < 2; n += 1) await readers.open(server.url, "/messages/bob");
    await until(() => store.pages > 3);
    const refused = await server.request("/messages/bob");
    expect(refused).toMatchObject({ status: 429, body: { code: "too_many_connections" } });
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(limited("streams", "user")).toHaveLength(1);
    expect((await server.request("/messages/bob?limit=5")).status).toBe(200);
    expect((await server.request("/messages/carol", { user: "dave" })).status).toBe(200);
  });

  it("G5: hold bytes that are bounded: a user gets a quarter, and the heaviest gives way to a lighter user", async () => {
    // A whole conversation uses 0.08 MB of the limit. Two fit into one user's quarter, and ten fit into the total.
    await start({ responseBytes: 880_000 });
    const scopes = ["history:read"];
    for (const user of ["u1", "u2", "u3", "u4", "u5"])
      for (let n = 0; n < 3; n += 1)
        await readers.open(server.url, "/messages/bob?as=alice", { user, scopes });
    await until(() => limited("bytes", "user").length === 5);
    expect(await server.request("/messages/bob?as=alice", { user: "u1", scopes })).toMatchObject({
      status: 429,
      body: { code: "too_many_connections" },
    });
    expect(displaced()).toBe(0);
    const headers = { "accept-encoding": "identity" };
    expect((await server.request("/messages/dave", { user: "carol", headers })).status).toBe(200);
    expect(displaced()).toBe(1);
  });

  it("G5: a page ends at the bytes that may be in memory, and the next page follows", async () => {
    await start({}, {}, 500);
    let seen = 0;
    let path: string | undefined = "/messages/bob?limit=1000";
    for (let pages = 0; path !== undefined && pages < 20; pages += 1) {
      const { body, headers } = await server.request(path);
      expect(body.length).toBeLessThan(200);
      expect(body.length).toBeGreaterThanOrEqual(Math.min(100, 500 - seen));
      seen += body.length;
      path = /<([^>]*)>; rel="prev"/.exec(headers.get("link") ?? "")?.[1];
    }
    expect(seen).toBe(500);
    let cursor = "";
    const ids = new Set<string>();
    for (let more = true; more; ) {
      const { body } = await server.request(`/sync?limit=1000${cursor}`);
      for (const { id } of body.messages) ids.add(id);
      ({ more } = body);
      cursor = `&after=${body.cursor}`;
    }
    expect(ids.size).toBe(500);
  });
});

describe("one address among others", () => {
  it("G5: many users of one address with all streams don't keep out another address", async () => {
    await start({ streams: 3 });
    const scopes = ["history:read"];
    for (const [n, user] of ["u1", "u2", "u3"].entries())
      await readers.open(server.url, "/messages/bob?as=alice", {
        ...{ user, scopes },
        forwardedFor: `2001:db8::${n}`,
      });
    await until(() => store.pages > 6);
    expect((await server.request("/messages/eve", { user: "dave", ...from("198.51.100.7") })).status).toBe(
      200,
    );
    expect(displaced()).toBe(1);
  });

  it("G5: a request with a bad token takes no user's place and costs no user's rate", async () => {
    await start({ requests: 1, requestsPerUser: 1, readBytesPerSecond: 16_384 }, {}, 1);
    for (let n = 0; n < 50; n += 1)
      expect(
        (await server.request("/sync", { user: "", headers: { authorization: "Bearer a.b.c" } })).status,
      ).toBe(401);
    expect((await server.request("/sync")).status).toBe(200);
  });
});

describe("the rate of one user's reads", () => {
  it("G5: a user beyond it gets 429 with a time to retry, others are served, and as told it goes on", async () => {
    await start({ readBytesPerSecond: 1_000_000 });
    const statuses: number[] = [];
    let refused = await server.request("/sync?limit=1000");
    for (; refused.status === 200; refused = await server.request("/sync?limit=1000")) statuses.push(200);
    expect(refused).toMatchObject({ status: 429, body: { code: "rate_limited" } });
    expect(statuses.length).toBeGreaterThan(2);
    // About five, and more on a slow machine, whose requests take longer.
    expect(statuses.length).toBeLessThan(20);
    expect((await server.request("/sync?limit=10", { user: "bob" })).status).toBe(200);
    expect(limited("rate", "user").length).toBeGreaterThan(0);
    const seconds = Number(refused.headers.get("retry-after"));
    expect(seconds).toBeGreaterThanOrEqual(1);
    await until(async () => (await server.request("/sync?limit=10")).status === 200);
  });

  it("G5: a service that reads as others counts by its own name", async () => {
    await start({ readBytesPerSecond: 1_000_000 });
    const service = { user: "search", scopes: ["history:read"] };
    while ((await server.request("/sync?limit=1000&as=alice", service)).status === 200);
    expect((await server.request("/sync?limit=10&as=bob", service)).status).toBe(429);
    expect((await server.request("/sync?limit=10")).status).toBe(200);
  });

  it("P50: a whole conversation that costs more than the burst is sent in full, more slowly", async () => {
    await start({ readBytesPerSecond: 1_000_000 }, {}, 700);
    const started = performance.now();
    const { body } = await server.request("/messages/bob");
    expect(body).toHaveLength(700);
    // The messages cost 11.5 MB. The burst covers 8 MB, and the other 3.5 MB are sent at 1 MB per second.
    expect(performance.now() - started).toBeGreaterThan(1_500);
  });
});

describe("documents", () => {
  it("G5: need no place and no token, also while every place is taken", async () => {
    await start({ requests: 1, requestsPerUser: 1, requestsPerAddress: 1 }, {}, 10);
    const tailHeld = store;
    tailHeld.failFrom = Number.POSITIVE_INFINITY;
    const held = Promise.withResolvers<void>();
    store.delay = held.promise;
    const pending = Array.from({ length: 5 }, () => server.request("/sync"));
    await until(() => store.syncs > 0);
    for (const path of ["/docs", "/openapi.json", "/asyncapi.json", "/"])
      expect((await server.fetch(path, { user: "" })).status).toBe(200);
    held.resolve();
    const statuses = (await Promise.all(pending)).map(({ status }) => status);
    expect(statuses).toContain(200);
    expect(statuses).toContain(429);
  });
});
