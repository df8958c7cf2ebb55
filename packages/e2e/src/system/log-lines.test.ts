import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AppName, startApp } from "@parley/local";
import { mongoDatabase, redisServer } from "@parley/testkit";
import { Redis } from "ioredis";
import { afterAll, expect, it } from "vitest";

const folder = await mkdtemp(join(tmpdir(), "parley-lines-"));
const [redis, mongoUrl] = await Promise.all([redisServer(), mongoDatabase()]);
afterAll(async () => {
  await redis?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Starts an app whose standard output goes to a file, and returns the app and a function that reads the lines. */
async function startWithLog(name: AppName, env: Readonly<Record<string, string>>) {
  const file = join(folder, `${name}.log`);
  // Only standalone prints text for people, on standard error.
  const wrap = ["sh", "-c", `exec "$@" >"$0" ${name === "standalone" ? "" : "2>&1"}`, file];
  const app = await startApp(name, { built: true, until: "live", wrap, env });
  return { app, lines: async () => (await readFile(file, "utf8")).trimEnd().split("\n") };
}

const JWT_SECRET = "a-secret-for-tests-only-long-enough-for-HS256";
/** The persister first, because it creates the log. */
const apps: readonly AppName[] = ["persister", "gateway", "history-api", "standalone"];

it.each(apps)("%s prints only log lines, also while Redis is away", async (name) => {
  if (name !== "standalone" && !(redis && mongoUrl)) return;
  const { url = "", port = 0 } = redis ?? {};
  // The Redis library prints lines of its own if a login needs no password, or if INFO is forbidden.
  const REDIS_URL = url.replace("//", "//default:unneeded@");
  if (redis) await withRedis(port, (client) => client.acl("SETUSER", "default", "-info"));
  const env = { JWT_SECRET, REDIS_URL, MONGO_URL: mongoUrl ?? "", DATA_DIR: join(folder, "data") };
  const { app, lines } = await startWithLog(name, env);
  await Promise.all(["/", "/messages", "/ws", "/readyz"].map((path) => fetch(app.adminUrl + path)));
  if (name !== "persister") await fetch(`${app.url}/messages`, { headers: { authorization: "Bearer x" } });
  await redis?.restart();
  await expect.poll(() => fetch(`${app.adminUrl}/readyz`).then(({ status }) => status)).toBe(200);
  expect(await app.stop()).toEqual({ code: 0, signal: null });
  const all = await lines();
  expect(all.length).toBeGreaterThan(1);
  for (const line of all) {
    expect(() => JSON.parse(line), line).not.toThrow();
    expect(JSON.parse(line)).toMatchObject({ name, level: expect.any(String) });
  }
});

async function withRedis(port: number, work: (client: Redis) => Promise<unknown>): Promise<void> {
  const client = new Redis(port, "127.0.0.1");
  await work(client).finally(() => client.disconnect());
}
