import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPartlyStored } from "../test/partly-stored.ts";
import type { RunningApi } from "../test/running-api.ts";

let server: RunningApi;
beforeAll(async () => {
  ({ server } = await startPartlyStored([], []));
});
afterAll(() => server.stop());

const NO_TOKEN = { user: "" };
const documentIn = (name: string) =>
  readFileSync(join(import.meta.dirname, "../../../../docs", name), "utf8");

describe("the documents", () => {
  it.each(["openapi.json", "asyncapi.json"])(
    "/%s equals the file in docs/ and needs no token",
    async (name) => {
      const response = await server.fetch(`/${name}`, NO_TOKEN);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toMatch(/^application\/json\b/);
      expect(await response.text()).toBe(documentIn(name));
      expect(response.headers.get("content-encoding")).toBe("gzip");
      const plain = await server.fetch(`/${name}`, { ...NO_TOKEN, headers: { "accept-encoding": "br" } });
      expect(plain.headers.get("content-encoding")).toBeNull();
      expect(await plain.text()).toBe(documentIn(name));
    },
  );

  it("/docs is a page that may load nothing except its own style", async () => {
    const response = await server.fetch("/docs", NO_TOKEN);
    const html = await response.text();
    expect(response.headers.get("content-type")).toMatch(/^text\/html\b/);
    const [, style = ""] = /<style>(.*)<\/style>/s.exec(html) ?? [];
    const hash = createHash("sha256").update(style).digest("base64");
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`style-src 'sha256-${hash}'`);
    expect(html).toContain("GET /messages/{username}");
  });

  it("answer HEAD and no other method", async () => {
    for (const path of ["/docs", "/openapi.json", "/asyncapi.json"]) {
      const head = await server.fetch(path, { ...NO_TOKEN, method: "HEAD" });
      expect([head.status, await head.text()]).toEqual([200, ""]);
      expect(await server.request(path, { ...NO_TOKEN, method: "POST" })).toMatchObject({
        status: 405,
        body: { code: "method_not_allowed" },
      });
    }
  });
});
