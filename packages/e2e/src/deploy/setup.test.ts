import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRedis } from "@parley/local";
import { fields, readEnv } from "@parley/service";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ROOT } from "./compose.ts";

const SCRIPT = join(ROOT, "deploy/setup/setup.sh");
const DEFAULTS = { REDIS_MEMORY: "4g", REDIS_MAXMEMORY: "2gb" };

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-setup-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Runs the script as the container does, except that the key belongs to the current user. */
function setUp(env: Readonly<Record<string, string>> = DEFAULTS) {
  const mongoUser = `${process.getuid?.()}:${process.getgid?.()}`;
  return spawnSync("sh", [SCRIPT, dir], {
    env: { PATH: process.env.PATH, MONGO_USER: mongoUser, ...env },
    encoding: "utf8",
  });
}

const content = (path: string) => readFileSync(join(dir, path), "utf8").trim();
const everything = () =>
  ["redis", "mongo", "mongo-admin"].flatMap((folder) =>
    readdirSync(join(dir, folder)).map((name) => `${folder}/${name} ${content(`${folder}/${name}`)}`),
  );

describe("the first start", () => {
  it("creates different random passwords, and prints none", () => {
    expect(setUp()).toMatchObject({ status: 0, stdout: "", stderr: "" });
    const secrets = ["redis/password", "mongo/password", "mongo-admin/password", "mongo-admin/key"].map(
      content,
    );
    expect(new Set(secrets).size).toBe(4);
    for (const secret of secrets) expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(join(dir, "mongo-admin/key")).mode & 0o777).toBe(0o400);
  });

  it("writes URLs that the apps read from files", () => {
    setUp();
    const env = readEnv(
      { REDIS_URL: fields.redisUrl(), MONGO_URL: fields.mongoUrl() },
      { REDIS_URL_FILE: join(dir, "redis/url"), MONGO_URL_FILE: join(dir, "mongo/url") },
    );
    expect(new URL(env.REDIS_URL).password).toBe(content("redis/password"));
    expect(env.MONGO_URL).toBe(
      `mongodb://parley:${content("mongo/password")}@mongo:27017/parley?replicaSet=rs0&authSource=admin`,
    );
  });

  it("writes a configuration with which Redis requires the password", async () => {
    setUp();
    const redis = await startRedis({
      wrap: ["sh", "-c", `program=$1; shift; exec "$program" "$CONF" "$@"`, "sh"],
      env: { CONF: join(dir, "redis/server.conf") },
    });
    onTestFinished(() => redis.stop());
    const ask = async (password?: string) => {
      const client = new Redis(redis.port, "127.0.0.1", {
        ...(password !== undefined && { password }),
        lazyConnect: true,
        retryStrategy: () => null,
      });
      client.on("error", () => undefined);
      try {
        return await client.ping();
      } catch (error) {
        return String(error);
      } finally {
        client.disconnect();
      }
    };
    expect(await ask(content("redis/password"))).toBe("PONG");
    expect(await ask()).toMatch(/NOAUTH/);
  });
});

describe("a later start", () => {
  it("keeps everything, and completes what a crash left out", () => {
    setUp();
    const before = everything();
    expect(setUp().status).toBe(0);
    expect(everything()).toEqual(before);
    const [url, key] = [join(dir, "redis/url"), join(dir, "mongo-admin/key")];
    rmSync(url);
    rmSync(key);
    writeFileSync(`${key}.new`, "half");
    expect(setUp().status).toBe(0);
    expect(everything().filter((line) => !line.startsWith("mongo-admin/key"))).toEqual(
      before.filter((line) => !line.startsWith("mongo-admin/key")),
    );
    expect(content("mongo-admin/key")).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("the memory of Redis", () => {
  it.each([
    ["4g", "2gb"],
    ["3072m", "2gb"],
    ["0", "64gb"],
    ["6G", "4294967296"],
  ])("%s is enough for %s", (REDIS_MEMORY, REDIS_MAXMEMORY) => {
    expect(setUp({ REDIS_MEMORY, REDIS_MAXMEMORY })).toMatchObject({ status: 0, stderr: "" });
  });

  it.each([
    ["4g", "3gb", /^setup: REDIS_MEMORY \(4g\) must be at least 1\.5 times REDIS_MAXMEMORY \(3gb\)/],
    ["4g", "0", /REDIS_MEMORY/],
    ["lots", "2gb", /^setup: lots is not a size/],
    ["4g", "-1", /^setup: -1 is not a size/],
  ])("%s is refused for %s, before a password is created", (REDIS_MEMORY, REDIS_MAXMEMORY, message) => {
    const { status, stderr } = setUp({ REDIS_MEMORY, REDIS_MAXMEMORY });
    expect([status, readdirSync(dir)]).toEqual([1, []]);
    expect(stderr).toMatch(message);
  });
});

it("runs in every shell that an image may have", () => {
  for (const script of ["deploy/setup/setup.sh", "deploy/proxy/start.sh"])
    expect(() => execFileSync("sh", ["-n", join(ROOT, script)])).not.toThrow();
});
