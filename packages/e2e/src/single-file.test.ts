import { copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AppName, freePort, startChild } from "@parley/local";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";

const APPS: readonly AppName[] = ["gateway", "persister", "history-api", "standalone"];
const ROOT = join(import.meta.dirname, "../../..");
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "parley-alone-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe("a built app is one file", () => {
  it.each(APPS)("%s starts alone in an empty folder", async (name) => {
    const folder = await mkdtemp(join(dir, `${name}-`));
    await copyFile(join(ROOT, "apps", name, "dist/main.js"), join(folder, "main.mjs"));
    expect(await readdir(folder)).toEqual(["main.mjs"]);
    const admin = await freePort();
    const child = await startChild({
      command: process.execPath,
      args: ["main.mjs"],
      cwd: folder,
      env: {
        PORT: String(await freePort()),
        ADMIN_PORT: String(admin),
        HOST: "127.0.0.1",
        JWT_SECRET: "a-secret-for-tests-only-long-enough-for-HS256",
        REDIS_URL: "redis://127.0.0.1:1",
        MONGO_URL: "mongodb://127.0.0.1:1",
      },
    });
    const healthy = await eventually(`${name} to answer`, async () => {
      if (child.exit) throw new Error(child.output());
      return (await fetch(`http://127.0.0.1:${admin}/healthz`)).ok || undefined;
    });
    expect(healthy).toBe(true);
    expect(await child.stop()).toEqual({ code: 0, signal: null });
  });
});
