import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { freePort } from "../free-port.ts";
import { type Child, startChild } from "../processes/child.ts";
import { serversAreMissing } from "../servers/servers-rig.ts";

const missing = await serversAreMissing("start:split");
const port = await freePort();
const SLOW = { timeout: 60_000, interval: 100 };

/** Runs the command as a person would, with the built apps. */
describe.skipIf(missing)("start:split", { timeout: 120_000 }, () => {
  const dataDir = mkdtempSync(join(tmpdir(), "parley-split-test-"));
  const url = `http://127.0.0.1:${port}`;
  let split: Child;

  afterAll(async () => {
    await split?.stop(30_000);
    rmSync(dataDir, { recursive: true, force: true });
  });

  function start(env: Record<string, string> = {}): Promise<Child> {
    return startChild({
      command: process.execPath,
      args: [join(import.meta.dirname, "start-split.ts")],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: dataDir, PORT: String(port), ...env },
    });
  }
  const pidOf = (name: string): number => Number(new RegExp(`${name} +pid (\\d+)`).exec(split.output())?.[1]);
  async function token(user: string): Promise<string> {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ username: user });
    const response = await fetch(`${url}/auth/token`, { method: "POST", headers, body });
    return ((await response.json()) as { token: string }).token;
  }
  async function history(user: string, other: string): Promise<string[]> {
    const response = await fetch(`${url}/messages/${other}`, {
      headers: { authorization: `Bearer ${await token(user)}` },
    });
    return ((await response.json()) as { content: string }[]).map(({ content }) => content);
  }
  async function send(from: string, to: string, content: string): Promise<void> {
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, [
      "chat.v1",
      `bearer.${await token(from)}`,
    ]);
    const frames: string[] = [];
    socket.on("message", (data) => frames.push(String(data)));
    await once(socket, "message");
    socket.send(JSON.stringify({ to, content, ref: content }));
    await vi.waitFor(() => expect(frames.join("\n")).toContain('"ack"'), SLOW);
    socket.terminate();
  }

  it("starts everything, lists the processes, and carries a message from end to end", async () => {
    split = await start();
    await split.printed(/mongo +pid \d+/, 90_000);
    for (const name of [
      "front",
      "gateway-1",
      "gateway-2",
      "persister-1",
      "persister-2",
      "history-api",
      "redis",
    ]) {
      expect(pidOf(name)).toBeGreaterThan(0);
    }
    expect(await (await fetch(url)).text()).toContain("history-api");
    await send("alice", "bob", "hello");
    expect(await history("bob", "alice")).toEqual(["hello"]);
  });

  it("lists the addresses of each process, and the process answers there", async () => {
    const rows = [...split.output().matchAll(/^ {2}(\S+) +pid \d+ +(\S.*)$/gm)];
    const where = new Map(rows.map(([, name = "", addresses = ""]) => [name, addresses]));
    expect([...where.keys()].sort()).toEqual([
      "front",
      "gateway-1",
      "gateway-2",
      "history-api",
      "mongo",
      "persister-1",
      "persister-2",
      "redis",
    ]);
    expect(where.get("front")).toBe(url);
    expect(where.get("redis")).toMatch(/^redis:\/\/127\.0\.0\.1:\d+ /);
    expect(where.get("mongo")).toMatch(/^mongodb:\/\/127\.0\.0\.1:\d+ /);
    for (const [name, addresses] of where) {
      const [, admin] = /admin (\S+)$/.exec(addresses) ?? [];
      if (admin) expect((await fetch(`${admin}/readyz`)).status, name).toBe(200);
      const [, own] = /^(http:\S+)/.exec(addresses) ?? [];
      if (own) expect((await fetch(own)).status, name).toBe(200);
      expect(admin ?? own ?? addresses, name).toMatch(/:\d+/);
    }
  });

  it("parley doctor finds it, and checks its servers and every process", async () => {
    const findings: { check: string; status: string; says: string }[] = [];
    const doctor = await startChild({
      command: process.execPath,
      args: [join(import.meta.dirname, "../../../../apps/cli/src/main.ts"), "doctor", "--json"],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: dataDir },
      onLine: (line) => findings.push(JSON.parse(line)),
    });
    expect(await doctor.exited, doctor.output()).toEqual({ code: 0, signal: null });
    expect(findings.filter(({ status }) => status === "wrong")).toEqual([]);
    const checks = findings.map(({ check }) => check);
    for (const check of ["start:split", "redis", "mongo", "gateway", "history-api"])
      expect(checks).toContain(check);
    expect(findings.filter(({ check, status }) => check === "admin port" && status === "ok")).toHaveLength(5);
  });

  it("refuses a second instance on the same data, in one line", async () => {
    const second = await start({ PORT: String(await freePort()) });
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.output()).toMatch(/^start:split: DATA_DIR is in use by process \d+.*\n$/);
  });

  it("refuses a port that is taken, in one line", async () => {
    const other = mkdtempSync(join(tmpdir(), "parley-split-test-"));
    const second = await start({ DATA_DIR: other });
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.output()).toMatch(new RegExp(`^start:split: PORT ${port} is taken.*\\n$`));
    rmSync(other, { recursive: true });
  });

  it("goes on while a gateway is dead, and restarts the gateway", async () => {
    process.kill(pidOf("gateway-1"), "SIGKILL");
    await send("alice", "bob", "still here");
    await split.printed(/gateway-1 died \(SIGKILL\)/, 10_000);
    await split.printed(/gateway-1 restarted/, 60_000);
    expect(await history("bob", "alice")).toEqual(["hello", "still here"]);
  });

  it("restarts its Redis with all acknowledged messages", async () => {
    process.kill(pidOf("redis"), "SIGKILL");
    await split.printed(/redis restarted/, 60_000);
    await vi.waitFor(
      async () => expect(await history("bob", "alice")).toEqual(["hello", "still here"]),
      SLOW,
    );
  });

  it("stops everything at SIGTERM with exit code 0, and starts again with the same history", async () => {
    const pids = ["gateway-2", "persister-1", "history-api", "mongo"].map(pidOf);
    expect(await split.stop(30_000)).toEqual({ code: 0, signal: null });
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    split = await start();
    await split.printed(/mongo +pid \d+/, 90_000);
    expect(await history("bob", "alice")).toEqual(["hello", "still here"]);
  });
});
