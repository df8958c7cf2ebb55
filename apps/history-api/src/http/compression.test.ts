import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { createGunzip, gunzipSync } from "node:zlib";
import { until } from "@parley/async";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PART } from "../queries/sizes.ts";
import { startFullyStored } from "../test/fully-stored.ts";
import { type RunningApi, tokenOf } from "../test/running-api.ts";
import { message } from "../test/scripted-tail.ts";
import { type WatchedStore, watchStore } from "../test/watched-store.ts";

let server: RunningApi;
let store: WatchedStore;
const open: IncomingMessage[] = [];

/** Contents that can't be compressed much, so that buffers fill up as without compression. */
const noise = () => randomBytes(3_000).toString("base64");

async function start(messages: number, contentOf: (index: number) => string): Promise<void> {
  const log = Array.from({ length: messages }, (_, at) => message(at + 1, { content: contentOf(at) }));
  ({ server } = await startFullyStored(log, {}, (opened) => {
    store = watchStore(opened);
    return store;
  }));
}
afterEach(async () => {
  for (const response of open.splice(0)) response.destroy();
  await server.stop();
});

/** Sends a request for gzip. The bytes aren't decompressed, and none is read before the test reads. */
async function request(path: string, accepted = "gzip", method = "GET"): Promise<IncomingMessage> {
  const authorization = `Bearer ${await tokenOf("alice")}`;
  const headers = { authorization, "accept-encoding": accepted };
  const [response] = await once(get(server.url + path, { method, headers, agent: false }), "response");
  open.push(response);
  response.on("error", () => undefined);
  return response;
}

async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await response.toArray());
}
const bytesHeld = () => server.events.findLast((event) => event.type === "load")?.bytes;

describe("an answer for a client that accepts gzip", () => {
  it.each(["/messages/bob", "/messages/bob?limit=900", "/sync?limit=900", "/conversations", "/messages"])(
    "is compressed if it isn't short, and has the same content: %s",
    async (path) => {
      await start(1_000, (at) => `message ${at} `.repeat(80));
      const [plain, gzip] = [await request(path, "identity"), await request(path)];
      const text = await bytesOf(plain);
      const bytes = await bytesOf(gzip);
      for (const { headers } of [plain, gzip]) expect(headers.vary).toMatch(/\bAccept-Encoding\b/);
      expect(plain.headers["content-encoding"]).toBeUndefined();
      if (text.length < 1_024) expect(gzip.headers["content-encoding"]).toBeUndefined();
      else {
        expect(gzip.headers["content-encoding"]).toBe("gzip");
        expect(gzip.headers["content-length"]).toBeUndefined();
        expect(bytes.length * 3).toBeLessThan(text.length);
      }
      expect((text.length < 1_024 ? bytes : gunzipSync(bytes)).equals(text)).toBe(true);
    },
  );

  it.each(["/messages/bob", "/messages/bob?limit=5"])("isn't compressed if it is short: %s", async (path) => {
    await start(2, () => "hi");
    const { headers } = await request(path);
    expect(headers["content-encoding"]).toBeUndefined();
  });

  it("has the same headers for HEAD", async () => {
    await start(500, (at) => `message ${at} `.repeat(80));
    for (const path of ["/messages/bob?limit=3", "/messages/bob?limit=500"]) {
      const { headers: got } = await request(path);
      const { headers } = await request(path, "gzip", "HEAD");
      expect(headers["content-encoding"]).toBe(got["content-encoding"]);
      expect(headers["content-length"]).toBe(got["content-length"]);
    }
  });

  it("P55: isn't compressed if it is an error", async () => {
    await start(10, noise);
    store.failFrom = 0;
    const response = await request("/messages/bob");
    expect([response.statusCode, response.headers["content-encoding"]]).toEqual([503, undefined]);
    expect(JSON.parse(String(await bytesOf(response)))).toMatchObject({ code: "unavailable" });
  });

  it("P50: a failure after the first byte breaks the compressed answer off", async () => {
    await start(2_000, noise);
    store.failFrom = 3;
    await expect(bytesOf(await request("/messages/bob"))).rejects.toThrow();
  });
});

describe("a whole conversation that is compressed", () => {
  it("P50, G5: is read no faster than the client reads, and its first part arrives at once", async () => {
    await start(8_000, noise);
    const response = await request("/messages/bob");
    const unzipped = response.pipe(createGunzip());
    unzipped.on("error", () => undefined);
    const [first] = await once(unzipped, "data");
    expect(String(first)).toMatch(/^\[\{"id":/);
    unzipped.pause();
    let before = -1;
    await vi.waitUntil(
      () => {
        const isAtRest = store.pages === before;
        before = store.pages;
        return isAtRest;
      },
      { interval: 200, timeout: 15_000 },
    );
    expect(before).toBeLessThan(8_000 / 11 / 2);
    let length = first.length;
    for await (const part of unzipped) length += part.length;
    expect(length).toBeGreaterThan(8_000 * 4_000);
  });

  it("P50: each part arrives before the next one is read", async () => {
    await start(2_000, (at) => `message ${at} `.repeat(80));
    store.failFrom = 2;
    const unzipped = (await request("/messages/bob")).pipe(createGunzip());
    let text = "";
    unzipped.on("data", (part) => {
      text += part;
    });
    await until(() => text.includes('"message 10 '), "the first part, while the second can't be read");
    store.failFrom = Number.POSITIVE_INFINITY;
    await once(unzipped, "end");
    expect(JSON.parse(text)).toHaveLength(2_000);
  });

  it("G5: holds its memory until its client has gone, and then frees it", async () => {
    await start(3_000, noise);
    const responses = await Promise.all(Array.from({ length: 8 }, () => request("/messages/bob")));
    // A part, and the compressor.
    await until(() => (bytesHeld() ?? 0) >= 8 * (PART.maxBytes + 98_304), "the memory counts");
    for (const response of responses) response.destroy();
    await until(() => bytesHeld() === 0, "the memory is free");
    const next = await request("/messages/bob?limit=100");
    expect(JSON.parse(String(gunzipSync(await bytesOf(next))))).toHaveLength(100);
  });
});
