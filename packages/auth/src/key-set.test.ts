import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Writable } from "node:stream";
import { createGzip } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { fetchKeySet, MAX_KEY_SET_BYTES, MAX_KEYS } from "./key-set.ts";

/** Starts a server that answers every request with `answer`, and counts the bytes that the server could write. */
async function serverWith(
  answer: (res: ServerResponse) => unknown,
): Promise<{ url: string; sent: () => number }> {
  let sent = 0;
  const server = createServer((_req, res) => {
    res.on("close", () => {
      sent = res.socket?.bytesWritten ?? sent;
    });
    answer(res);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`, sent: () => sent };
}

/** Writes blanks for as long as the client reads. */
function writeForEver(to: Writable): void {
  to.write(" ".repeat(16_384), (error) => {
    if (!error && !to.destroyed) writeForEver(to);
  });
}

describe("fetching a key set", () => {
  const key = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
  const keys = (count: number) => JSON.stringify({ keys: Array.from({ length: count }, () => key) });

  it("P61: returns the keys, up to a bounded number", async () => {
    const { url } = await serverWith((res) => res.end(keys(MAX_KEYS)));
    expect((await fetchKeySet(url, { timeoutMs: 2_000 })).count).toBe(MAX_KEYS);
    const more = await serverWith((res) => res.end(keys(MAX_KEYS + 1)));
    await expect(fetchKeySet(more.url, { timeoutMs: 2_000 })).rejects.toThrow(/more than 100 keys/);
  });

  it("G5: reads no more than its limit of an endless answer, and ends the connection", async () => {
    const { url, sent } = await serverWith((res) => writeForEver(res));
    await expect(fetchKeySet(url, { timeoutMs: 5_000 })).rejects.toThrow(/larger than/);
    await expect.poll(sent).toBeGreaterThan(0);
    expect(sent()).toBeLessThan(20 * MAX_KEY_SET_BYTES);
  });

  it("G5: the limit counts the bytes after decompression", async () => {
    const { url } = await serverWith((res) => {
      res.setHeader("content-encoding", "gzip");
      const gzip = createGzip();
      gzip.pipe(res);
      res.on("close", () => gzip.destroy());
      writeForEver(gzip);
    });
    await expect(fetchKeySet(url, { timeoutMs: 5_000 })).rejects.toThrow(/larger than/);
  });

  it("G5: the time limit holds for the whole answer, however slowly it comes", async () => {
    const { url } = await serverWith((res) => {
      const timer = setInterval(() => res.write(" "), 20);
      res.on("close", () => clearInterval(timer));
    });
    await expect(fetchKeySet(url, { timeoutMs: 200 })).rejects.toMatchObject({ name: "TimeoutError" });
  });

  it("G5: the body of an error isn't read", async () => {
    const { url, sent } = await serverWith((res) => {
      res.statusCode = 500;
      writeForEver(res);
    });
    await expect(fetchKeySet(url, { timeoutMs: 5_000 })).rejects.toThrow(/status 500/);
    await expect.poll(sent).toBeGreaterThan(0);
    expect(sent()).toBeLessThan(20 * MAX_KEY_SET_BYTES);
  });

  it.each(["[]", "null", "7", '{"keys":{}}', '{"keys":[1]}', "{}"])(
    "P61: %s isn't a key set",
    async (body) => {
      const { url } = await serverWith((res) => res.end(body));
      await expect(fetchKeySet(url, { timeoutMs: 2_000 })).rejects.toThrow(/malformed/);
    },
  );
});
