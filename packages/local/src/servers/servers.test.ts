import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { freePort } from "../free-port.ts";
import { startMongo } from "./mongo.ts";
import { startRedis } from "./redis.ts";
import type { LocalServer, ServerOptions } from "./server.ts";
import { serversAreMissing } from "./servers-rig.ts";

async function own(start: typeof startRedis, options?: ServerOptions): Promise<LocalServer> {
  const server = await start(options);
  onTestFinished(() => server.stop());
  return server;
}

/** Sends one command in Redis' protocol and resolves with the first chunk of the reply. */
async function redisReply(port: number, ...words: string[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  try {
    socket.write(
      `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`,
    );
    const ended = once(socket, "close").then(() => Promise.reject(new Error("closed without an answer")));
    const [answer] = await Promise.race([once(socket, "data"), ended]);
    return String(answer).trim();
  } finally {
    socket.destroy();
  }
}

/** Resolves with true if a server accepts connections on the port. */
async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const missing = await serversAreMissing("startRedis and startMongo");

describe.skipIf(missing)("startRedis", () => {
  it("L8: is durable and evicts nothing; after SIGKILL it keeps port and data in a new process", async () => {
    const redis = await own(startRedis);
    expect(await redisReply(redis.port, "CONFIG", "GET", "appendfsync")).toContain("always");
    expect(await redisReply(redis.port, "CONFIG", "GET", "maxmemory-policy")).toContain("noeviction");
    expect(await redisReply(redis.port, "SET", "key", "kept")).toBe("+OK");
    const { pid, port } = redis;
    await redis.kill("SIGKILL");
    expect(await redis.exited).toEqual({ code: null, signal: "SIGKILL" });
    expect(await accepts(port)).toBe(false);
    await redis.restart();
    expect([redis.port, redis.pid === pid]).toEqual([port, false]);
    expect(await redisReply(port, "GET", "key")).toContain("kept");
  });

  it("can be frozen and thawed", async () => {
    const redis = await own(startRedis);
    await redis.kill("SIGSTOP");
    let answered = false;
    const answer = redisReply(redis.port, "PING").finally(() => {
      answered = true;
    });
    expect(await accepts(redis.port)).toBe(true);
    expect(answered).toBe(false);
    await redis.kill("SIGCONT");
    expect(await answer).toBe("+PONG");
  });

  it("takes arguments and a wrapper, and other ones at a restart", async () => {
    const redis = await own(startRedis, {
      args: ["--maxmemory", "20mb"],
      wrap: ["sh", "-c", `trap '' XFSZ; ulimit -f 64; exec "$@"`, "sh"],
    });
    expect(await redisReply(redis.port, "CONFIG", "GET", "maxmemory")).toContain("20971520");
    // With appendfsync always, Redis exits when it can't write to its append-only file.
    await expect(redisReply(redis.port, "SET", "key", "x".repeat(100_000))).rejects.toThrow();
    expect(await redis.exited).toMatchObject({ code: 1 });
    await redis.restart({ wrap: [], args: [] });
    expect(await redisReply(redis.port, "CONFIG", "GET", "maxmemory")).toMatch(/\b0$/);
    expect(await redisReply(redis.port, "SET", "key", "x".repeat(60_000))).toBe("+OK");
  });

  it("stop removes temporary data, keeps a folder that was set, and may be called twice", async () => {
    const temporary = await startRedis();
    await temporary.kill("SIGKILL");
    await temporary.stop();
    await temporary.stop();
    expect(existsSync(temporary.dir)).toBe(false);
    const dir = mkdtempSync(join(tmpdir(), "parley-kept-"));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const kept = await startRedis({ dir });
    await redisReply(kept.port, "SET", "key", "kept");
    await kept.stop();
    const again = await own(startRedis, { dir });
    expect(await redisReply(again.port, "GET", "key")).toContain("kept");
  });

  it("rejects, and leaves no folder, if its fixed port is taken or its arguments are wrong", async () => {
    const port = await freePort();
    const other = createServer().listen(port, "127.0.0.1");
    onTestFinished(() => void other.close());
    await once(other, "listening");
    // A folder of this test's own: other suites start servers at the same time.
    const dir = mkdtempSync(join(tmpdir(), "parley-failed-"));
    vi.stubEnv("TMPDIR", dir);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      rmSync(dir, { recursive: true });
    });
    await expect(startRedis({ port })).rejects.toThrow(`port ${port} is taken`);
    await expect(startRedis({ args: ["--no-such-option"] })).rejects.toThrow("redis did not start");
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe.skipIf(missing)("startMongo", () => {
  it("accepts connections, keeps port and data over SIGKILL, and removes the data at the end", async () => {
    const mongo = await own(startMongo);
    expect(mongo.url).toBe(`mongodb://127.0.0.1:${mongo.port}`);
    expect(await accepts(mongo.port)).toBe(true);
    const { pid, port } = mongo;
    await mongo.kill("SIGKILL");
    expect(await accepts(port)).toBe(false);
    expect(readdirSync(mongo.dir)).toContain("WiredTiger");
    await mongo.restart();
    expect([await accepts(port), mongo.port, mongo.pid === pid]).toEqual([true, port, false]);
    await mongo.stop();
    expect(existsSync(mongo.dir)).toBe(false);
  });
});
