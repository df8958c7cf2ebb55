import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { expect, it, onTestFinished } from "vitest";
import { request } from "./answer.ts";

async function ask(answer: RequestListener) {
  const server = createServer(answer);
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return request(url, {}, { timeoutMs: 30_000, signals: [] });
}

const MIB = Buffer.alloc(1024 * 1024, " ");

it("G5: an answer without an end isn't read to its end", async () => {
  let sent = 0;
  const { body } = await ask(async (_, response) => {
    response.setHeader("content-type", "application/json");
    for (; !response.destroyed; sent += 1) {
      if (!response.write(MIB)) await Promise.race([once(response, "drain"), once(response, "close")]);
    }
  });
  expect(body).toBeUndefined();
  expect(sent).toBeLessThan(64);
});

it("G5: an answer that is far longer than it looks isn't read to its end", async () => {
  const { body } = await ask((_, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
    response.end(gzipSync(Buffer.concat([Buffer.alloc(40 * MIB.length, " "), Buffer.from("1")])));
  });
  expect(body).toBeUndefined();
});

it("reads an answer in pieces that cut characters", async () => {
  const bytes = Buffer.from('["ä€😀"]');
  const { body } = await ask(async (_, response) => {
    response.setHeader("content-type", "application/json");
    for (const byte of bytes) {
      response.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  });
  expect(body).toEqual(["ä€😀"]);
});
