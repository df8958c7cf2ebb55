import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPage } from "./page.ts";

const HTML = "<!doctype html><title>Page</title>";
const file = (path: string, type: string, text: string) => ({
  path,
  type,
  gzip: gzipSync(text).toString("base64"),
});
const page = createPage([
  file("/", "text/html; charset=utf-8", HTML),
  file("/assets/index-1a2b.js", "text/javascript; charset=utf-8", "let a = 1;"),
]);

let server: Server;
beforeAll(async () => {
  server = createServer((req, res) => {
    if (!page.answer(req, res)) res.writeHead(404).end("not the page's");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
});
afterAll(() => void server.close());

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends exactly these headers, which `fetch` can't do. */
async function ask(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  const { port } = server.address() as AddressInfo;
  const sent = request({ port, host: "127.0.0.1", path, headers, method }).end();
  const [res] = await once(sent, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of res) chunks.push(chunk);
  return { status: res.statusCode, headers: res.headers, body: Buffer.concat(chunks) };
}

const BROWSER = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };

describe("the page", () => {
  it("is served at / only to clients that ask for HTML", async () => {
    const { status, headers, body } = await ask("/", BROWSER);
    expect([status, headers["content-type"], body.toString()]).toEqual([
      200,
      "text/html; charset=utf-8",
      HTML,
    ]);
    expect([headers["cache-control"], headers.vary]).toEqual(["no-cache", "Accept, Accept-Encoding"]);
    expect((await ask("/", { accept: "*/*" })).status).toBe(404);
    expect((await ask("/")).status).toBe(404);
    expect((await ask("/?a=1", BROWSER)).status).toBe(200);
  });

  it("marks files with a hash in their name as immutable", async () => {
    const { status, headers, body } = await ask("/assets/index-1a2b.js");
    expect([status, headers["content-type"]]).toEqual([200, "text/javascript; charset=utf-8"]);
    expect(headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    expect(body.toString()).toBe("let a = 1;");
    for (const path of ["/assets/other.js", "/assets/../", "/assets/", "/index.html", "//"])
      expect((await ask(path, BROWSER)).status).toBe(404);
  });

  it("is gzipped for clients that accept it", async () => {
    const { headers, body } = await ask("/", { ...BROWSER, "accept-encoding": "gzip, br" });
    expect([headers["content-encoding"], Number(headers["content-length"])]).toEqual(["gzip", body.length]);
    expect(gunzipSync(body).toString()).toBe(HTML);
    for (const accepted of ["br", "gzip;q=0", "identity"]) {
      const plain = await ask("/", { ...BROWSER, "accept-encoding": accepted });
      expect([plain.headers["content-encoding"], plain.body.toString()]).toEqual([undefined, HTML]);
    }
  });

  it("is answered with 304 if the client's copy is current", async () => {
    const { headers } = await ask("/", BROWSER);
    const again = await ask("/", { ...BROWSER, "if-none-match": `"other", ${headers.etag}` });
    expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, headers.etag]);
    expect((await ask("/", { ...BROWSER, "if-none-match": '"other"' })).status).toBe(200);
    const behind = (others: number) => `${'"other",'.repeat(others)}${headers.etag}`;
    expect((await ask("/", { ...BROWSER, "if-none-match": behind(31) })).status).toBe(304);
    expect((await ask("/", { ...BROWSER, "if-none-match": behind(32) })).status).toBe(200);
  });

  it("answers HEAD without a body, and no methods but GET and HEAD", async () => {
    const { status, headers, body } = await ask("/", BROWSER, "HEAD");
    expect([status, headers["content-length"], body.length]).toEqual([200, String(HTML.length), 0]);
    expect((await ask("/", BROWSER, "POST")).status).toBe(404);
  });

  it("allows no resources from other hosts and no framing", async () => {
    for (const path of ["/", "/assets/index-1a2b.js"]) {
      const { headers } = await ask(path, BROWSER);
      const policy = String(headers["content-security-policy"]).split("; ");
      expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "frame-ancestors 'none'"]));
      expect(policy.join()).not.toMatch(/unsafe|\*|https?:/);
      expect(headers["x-content-type-options"]).toBe("nosniff");
    }
  });
});
