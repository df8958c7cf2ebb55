import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { until } from "@parley/async";
import { issueToken } from "@parley/auth";
import { type App, freePort, startApp, startChild } from "@parley/local";
import type { Message } from "@parley/models";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ChatClient } from "./test/chat-client.ts";

const SECRET = "a-secret-of-this-test-long-enough-for-HS256";
const MAIN = join(import.meta.dirname, "main.ts");

let dataDir: string;
let app: App;
let clients: ChatClient[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "parley-standalone-"));
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await app?.kill("SIGKILL");
  await rm(dataDir, { recursive: true, force: true });
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  app = await startApp("standalone", {
    env: { DATA_DIR: dataDir, JWT_SECRET: SECRET, DRAIN_MS: "200", ...env },
  });
}

async function tokenOf(user: string): Promise<string> {
  return (await issueToken({ user, secret: SECRET })).token;
}

async function connect(user: string): Promise<ChatClient> {
  const client = await ChatClient.connect(app.url, await tokenOf(user));
  clients.push(client);
  return client;
}

async function history(user: string, path: string): Promise<Message[]> {
  const headers = { authorization: `Bearer ${await tokenOf(user)}` };
  const response = await fetch(app.url + path, { headers });
  expect(response.status).toBe(200);
  return response.json() as Promise<Message[]>;
}

async function acknowledged(client: ChatClient, to: string, content: string, ref: string): Promise<string> {
  const answer = await client.send(to, content, ref);
  if (answer.type !== "ack") throw new Error(`refused: ${answer.code}`);
  return answer.id;
}

describe("the whole system in one process", () => {
  it("P10, P20, P50: public and private messages arrive live, and are in history for both users at once", async () => {
    await start();
    const [alice, bob] = await Promise.all([connect("alice"), connect("bob")]);
    const publicId = await acknowledged(alice, "", "hello everybody", "1");
    const privateId = await acknowledged(alice, "bob", "hello bob", "2");
    const answerId = await acknowledged(bob, "alice", "hello alice", "1");
    expect(await history("alice", "/messages/bob")).toEqual(await history("bob", "/messages/alice"));
    expect((await history("bob", "/messages/alice")).map(({ id }) => id)).toEqual([privateId, answerId]);
    expect((await history("carol", "/messages")).map(({ id }) => id)).toEqual([publicId]);
    expect((await bob.message("hello everybody")).id).toBe(publicId);
    expect((await bob.message("hello bob")).id).toBe(privateId);
    expect((await alice.message("hello alice")).id).toBe(answerId);
  });

  it("P41: SIGTERM closes all connections, keeps everything acknowledged, and exits with 0", async () => {
    await start();
    const alice = await connect("alice");
    for (let sent = 1; sent <= 100; sent += 1) alice.post("bob", `number ${sent}`, String(sent));
    await until(() => alice.answers().length > 0);
    const exit = await app.stop();
    expect(exit).toEqual({ code: 0, signal: null });
    expect([1001, 1012]).toContain(await alice.closed);
    const acks = alice.answers().filter((answer) => answer.type === "ack");
    await app.restart();
    const kept = (await history("bob", "/messages/alice")).map(({ id }) => id);
    expect(kept).toEqual(expect.arrayContaining(acks.map(({ id }) => id)));
  });

  it("P60: issues development tokens on a loopback address only", async () => {
    await start();
    const ask = () =>
      fetch(`${app.url}/auth/token`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ username: "alice" }),
      });
    expect((await ask()).status).toBe(200);
    await app.restart({ HOST: "0.0.0.0" });
    expect((await ask()).status).toBe(404);
    expect(app.output()).not.toContain("eyJ");
  });

  it("P61: without JWT_SECRET it generates and keeps a secret, so that tokens stay valid after a restart", async () => {
    await start({ JWT_SECRET: "" });
    const token = /alice {2}(\S+)/.exec(app.output())?.[1] ?? "";
    const ask = () => fetch(`${app.url}/messages`, { headers: { authorization: `Bearer ${token}` } });
    expect((await ask()).status).toBe(200);
    await app.restart();
    expect((await ask()).status).toBe(200);
  });
});

describe("after a crash", () => {
  it("L23, G1: every message acknowledged before a SIGKILL is kept once, and new ids are greater", async () => {
    await start();
    const alice = await connect("alice");
    for (let sent = 1; sent <= 2_000; sent += 1) alice.post("bob", `number ${sent}`, String(sent));
    await until(() => alice.answers().filter(({ type }) => type === "ack").length > 100);
    await app.kill("SIGKILL");
    await alice.closed;
    const acks = alice.answers().filter((answer) => answer.type === "ack");
    await app.restart();
    const kept = (await history("bob", "/messages/alice")).map(({ id }) => id);
    expect(kept).toEqual(expect.arrayContaining(acks.map(({ id }) => id)));
    expect(new Set(kept).size).toBe(kept.length);
    const next = await acknowledged(await connect("alice"), "bob", "afterwards", "afterwards");
    expect(next > (kept.at(-1) ?? "~")).toBe(true);
  });

  it("L23, G2: a ref from before the crash returns its first id, and nothing is stored twice", async () => {
    await start();
    const before = await acknowledged(await connect("alice"), "bob", "once", "same");
    await app.kill("SIGKILL");
    await app.restart();
    const alice = await connect("alice");
    expect(await acknowledged(alice, "bob", "once", "same")).toBe(before);
    expect(await history("alice", "/messages/bob")).toHaveLength(1);
    expect(await alice.send("bob", "another", "same")).toMatchObject({ type: "error", code: "ref_reused" });
    expect(await history("alice", "/messages/bob")).toHaveLength(1);
  });

  it("L1, L23: with the clock set back an hour, new ids are greater, and messages keep their order", async () => {
    await start();
    const ref = await acknowledged(await connect("alice"), "bob", "first", "1");
    await app.kill("SIGKILL");
    const preload = new URL("./test/shifted-clock.ts", import.meta.url);
    await app.restart({ NODE_OPTIONS: `--import=${preload}` });
    const [alice, bob] = await Promise.all([connect("alice"), connect("bob")]);
    const second = await acknowledged(alice, "bob", "second", "2");
    expect(second > ref).toBe(true);
    expect(await acknowledged(alice, "bob", "first", "1")).toBe(ref);
    expect((await bob.message("second")).id).toBe(second);
    expect((await history("bob", "/messages/alice")).map(({ id }) => id)).toEqual([ref, second]);
    const sync = await fetch(`${app.url}/sync?after=${ref}`, {
      headers: { authorization: `Bearer ${await tokenOf("bob")}` },
    });
    expect(await sync.json()).toMatchObject({ messages: [{ id: second }], more: false });
  });
});

describe("refusing to start", () => {
  async function errorLines(env: Readonly<Record<string, string>>): Promise<string[]> {
    const ports = { PORT: String(await freePort()), ADMIN_PORT: String(await freePort()) };
    const { PATH } = process.env;
    const child = await startChild({
      command: process.execPath,
      args: [MAIN],
      env: { PATH, HOST: "127.0.0.1", JWT_SECRET: SECRET, DATA_DIR: dataDir, ...ports, ...env },
    });
    expect(await child.exited).toEqual({ code: 1, signal: null });
    return child.output().trimEnd().split("\n");
  }

  it("L23: a second process on the same DATA_DIR exits with 1 and one line that names the first", async () => {
    await start();
    const lines = await errorLines({});
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(dataDir);
    expect(lines[0]).toContain(String(app.pid));
    expect((await fetch(`${app.adminUrl}/readyz`)).status).toBe(200);
  });

  it("a second process on the same port exits with 1 and names the port", async () => {
    await start();
    const PORT = new URL(app.url).port;
    const other = join(dataDir, "other");
    const lines = await errorLines({ PORT, DATA_DIR: other });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`PORT ${PORT} is taken`);
    expect((await errorLines({ ADMIN_PORT: PORT, DATA_DIR: other }))[0]).toContain(
      `ADMIN_PORT ${PORT} is taken`,
    );
  });

  it("REUSE_PORT and every bad setting are reported, one per line", async () => {
    expect(await errorLines({ REUSE_PORT: "true" })).toEqual([expect.stringContaining("REUSE_PORT")]);
    const lines = await errorLines({ PORT: "http", JWT_SECRET: "short", MAX_STREAMS: "-1" });
    expect(lines).toHaveLength(3);
    for (const name of ["PORT", "JWT_SECRET", "MAX_STREAMS"])
      expect(lines).toContainEqual(expect.stringMatching(`${name} must be`));
    expect(lines.join()).not.toContain("short");
  });
});

/** Runs a line in a shell of its own, as if it was pasted into a terminal. */
function paste(line = "false") {
  const shell = spawn("sh", ["-c", `exec ${line}`], { stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  shell.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  return {
    type: (text: string) => shell.stdin.write(`${text}\n`),
    output: () => output,
    end: () => shell.kill("SIGKILL"),
  };
}

describe("the welcome text", () => {
  it("names the address, the data folder and the pid, and its commands work when pasted", async () => {
    await start();
    // The process is ready a moment before it prints the text.
    await until(() => app.output().includes("new WebSocket") && app.output().includes(`kill ${app.pid}`));
    const output = app.output();
    expect(output).toContain(`http://localhost:${new URL(app.url).port}`);
    expect(output).toContain(dataDir);
    expect(output).toContain(`kill ${app.pid}`);
    const lines = output.split("\n").map((line) => line.trim());
    const [asAlice, asBob] = lines.filter((line) => line.includes("new WebSocket"));
    const curl = lines.find((line) => line.startsWith("curl"));
    const [alice, bob] = [paste(asAlice), paste(asBob)];
    try {
      alice.type("hello from the terminal");
      await until(() => alice.output().includes("hello from the terminal"));
      bob.type("hello back");
      await until(() => alice.output().includes("hello back"));
    } finally {
      alice.end();
      bob.end();
    }
    const read = JSON.parse(String(spawnSync("sh", ["-c", curl ?? "false"]).stdout));
    expect(read).toMatchObject([
      { from: "alice", to: "bob", content: "hello from the terminal" },
      { from: "bob", to: "alice", content: "hello back" },
    ]);
  });
});

describe("development", () => {
  it("runs from the source under node --watch, and prints the text once, not at every restart", {
    timeout: 90_000,
  }, async () => {
    const [PORT, ADMIN_PORT] = [String(await freePort()), String(await freePort())];
    const watched = join(dataDir, "watched.mjs");
    await writeFile(watched, "");
    const child = await startChild({
      command: process.execPath,
      args: ["--watch", "--watch-preserve-output", "--import", pathToFileURL(watched).href, MAIN],
      env: { ...process.env, PORT, ADMIN_PORT, DATA_DIR: dataDir },
    });
    try {
      await child.printed(/Parley runs on/, 30_000);
      expect((await fetch(`http://127.0.0.1:${ADMIN_PORT}/readyz`)).status).toBe(200);
      await writeFile(watched, "// changed");
      await child.printed(/Parley runs again on http/, 30_000);
      expect(child.output().match(/Chat in a terminal/g)).toHaveLength(1);
    } finally {
      await child.kill("SIGKILL");
    }
  });
});
