import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@parley/async";
import { type AppName, freePort, startApp } from "@parley/local";
import { expect, it, onTestFinished } from "vitest";

const APPS: readonly AppName[] = ["gateway", "persister", "history-api", "standalone"];

it.each(APPS)("%s: the admin port listens on ADMIN_HOST alone, and the other port on HOST", async (name) => {
  const dir = mkdtempSync(join(tmpdir(), "parley-admin-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const [PORT, ADMIN_PORT] = [String(await freePort()), String(await freePort())];
  const app = await startApp(name, {
    until: "spawned",
    env: {
      ...{ PORT, ADMIN_PORT, HOST: "127.0.0.1", ADMIN_HOST: "127.0.0.2", DATA_DIR: dir },
      JWT_SECRET: "a-secret-for-tests-only-long-enough-for-HS256",
      REDIS_URL: "redis://127.0.0.1:1",
      MONGO_URL: "mongodb://127.0.0.1:1",
    },
  });
  onTestFinished(async () => void (await app.stop()));
  const isHealthy = async (host: string) => (await fetch(`http://${host}:${ADMIN_PORT}/healthz`)).ok;
  await until(() => isHealthy("127.0.0.2"), `${name} to be healthy`);
  await expect(isHealthy("127.0.0.1")).rejects.toThrow("fetch failed");
  if (name !== "persister")
    await until(async () => (await fetch(`http://127.0.0.1:${PORT}/`)).ok, "its port");
});
