import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { freePort } from "../free-port.ts";
import { startMongo } from "../servers/mongo.ts";
import { startRedis } from "../servers/redis.ts";
import { serversAreMissing } from "../servers/servers-rig.ts";
import { type App, type AppOptions, startApp } from "./app.ts";

const missing = await serversAreMissing("startApp");
const env = { JWT_SECRET: "0123456789".repeat(4), REDIS_URL: "redis://127.0.0.1:1", LOG_LEVEL: "info" };

async function app(name: App["name"], options: AppOptions): Promise<App> {
  const started = await startApp(name, options);
  onTestFinished(() => started.kill("SIGKILL"));
  return started;
}
const status = async (url: string): Promise<number> => (await fetch(url)).status;

describe("startApp", () => {
  it("live: waits for /healthz only, sets the app's own environment and captures its output", async () => {
    const lines: string[] = [];
    const gateway = await app("gateway", { env, until: "live", onLine: (line) => lines.push(line) });
    expect(await status(`${gateway.adminUrl}/healthz`)).toBe(200);
    expect(await status(`${gateway.adminUrl}/readyz`)).toBe(503);
    expect(await status(`${gateway.url}/ws`)).toBe(401);
    expect(gateway.output()).toContain("listening");
    expect(lines.join("\n")).toContain("listening");
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  });

  it("runs another bundle instead of the app's own", async () => {
    const folder = await mkdtemp(join(tmpdir(), "parley-app-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "gateway.mjs");
    await writeFile(file, 'console.log("another one at " + process.env.PORT);');
    const other = await app("gateway", { env, file, built: true, until: "spawned" });
    expect(await other.exited).toEqual({ code: 0, signal: null });
    expect(other.output()).toBe(`another one at ${new URL(other.url).port}\n`);
  });

  it("a restart may replace the bundle, which later restarts keep", async () => {
    const folder = await mkdtemp(join(tmpdir(), "parley-app-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const [file, next] = [join(folder, "old.mjs"), join(folder, "new.mjs")];
    await writeFile(file, 'console.log("old");');
    await writeFile(next, 'console.log("new");');
    const upgraded = await app("gateway", { env, file, until: "spawned" });
    const outputs: string[] = [];
    for (const replacement of [undefined, next, undefined]) {
      await upgraded.restart({}, replacement);
      await upgraded.exited;
      outputs.push(upgraded.output());
    }
    expect(outputs).toEqual(["old\n", "new\n", "new\n"]);
  });

  it("runs within a wrapper, whose process becomes the app's own", async () => {
    const folder = await mkdtemp(join(tmpdir(), "parley-app-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "gateway.mjs");
    await writeFile(file, 'console.log(process.env.WRAPPED + " " + process.pid);');
    const wrap = ["env", "WRAPPED=yes"];
    const wrapped = await app("gateway", { env, file, wrap, until: "spawned" });
    expect(await wrapped.exited).toEqual({ code: 0, signal: null });
    expect(wrapped.output()).toBe(`yes ${wrapped.pid}\n`);
  });

  it("rejects with the app's output if it is not ready in time", async () => {
    await expect(startApp("gateway", { env, timeoutMs: 1_500 })).rejects.toThrow(
      /gateway did not start: timed out after 1500 ms/,
    );
  });

  it("rejects with the app's output if it exits at once", async () => {
    const bad = startApp("gateway", { env: { ...env, JWT_SECRET: "short" } });
    await expect(bad).rejects.toThrow(/it exited with 1\n.*JWT_SECRET must be at least 32 bytes/);
  });

  it("rejects if a fixed port is taken", async () => {
    const [PORT, ADMIN_PORT] = [String(await freePort()), String(await freePort())];
    const other = createServer().listen(Number(PORT), "127.0.0.1");
    onTestFinished(() => void other.close());
    await once(other, "listening");
    await expect(startApp("gateway", { env: { ...env, PORT, ADMIN_PORT } })).rejects.toThrow(
      `PORT ${PORT} is taken`,
    );
  });
});

describe.skipIf(missing)("startApp with servers", () => {
  it("ready: waits for /readyz; after a kill and a restart the ports are the same and the pid differs", async () => {
    const [redis, mongo] = await Promise.all([startRedis(), startMongo()]);
    onTestFinished(async () => void (await Promise.all([redis.stop(), mongo.stop()])));
    const urls = { ...env, REDIS_URL: redis.url, MONGO_URL: mongo.url };
    const [persister, gateway] = await Promise.all([
      app("persister", { env: urls }),
      app("gateway", { env: urls }),
    ]);
    expect(await status(`${persister.adminUrl}/readyz`)).toBe(200);
    const { pid, url } = gateway;
    await gateway.kill("SIGKILL");
    expect(await gateway.exited).toEqual({ code: null, signal: "SIGKILL" });
    await gateway.restart({ DRAIN_MS: "0" });
    expect([gateway.url, gateway.pid === pid]).toEqual([url, false]);
    expect(await status(`${gateway.adminUrl}/readyz`)).toBe(200);
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  });
});
