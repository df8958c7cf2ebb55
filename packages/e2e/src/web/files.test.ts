import { join } from "node:path";
import { readPageFiles } from "@parley/page/files";
import { afterAll, describe, expect, it } from "vitest";
import { startStandalone } from "../rig/shapes.ts";

const MAX_BYTES = 60_000;
const files = readPageFiles(join(import.meta.dirname, "../../../../apps/web/dist"));

describe("the page's built files", () => {
  it("have less than 60 KB in total, gzipped", () => {
    const bytes = files.reduce((sum, { gzip }) => sum + Buffer.from(gzip, "base64").length, 0);
    expect(bytes).toBeGreaterThan(5_000);
    expect(bytes).toBeLessThan(MAX_BYTES);
  });

  it("are served by a built app; a client that isn't a browser gets plain text", async () => {
    const { app, stop } = await startStandalone();
    afterAll(() => stop());
    for (const { path, type } of files) {
      const response = await fetch(app.url + path, { headers: { accept: "text/html" } });
      expect([response.status, response.headers.get("content-type")]).toEqual([200, type]);
    }
    const plain = await fetch(app.url);
    expect(plain.headers.get("content-type")).toContain("text/plain");
    expect(plain.headers.get("vary")).toBe("Accept");
    expect(await plain.text()).toContain("/messages");
  });
});
