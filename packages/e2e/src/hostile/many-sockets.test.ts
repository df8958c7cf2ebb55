import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@parley/async";
import { issueToken } from "@parley/auth";
import { type Child, freePort, startChild } from "@parley/local";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ChatClient } from "../rig/chat-client.ts";

const MAIN = join(import.meta.dirname, "../../../../apps/standalone/dist/main.js");
const SECRET = "a-secret-for-tests-only-long-enough-for-HS256";
/** Limit of open files. It leaves 160 for clients' sockets, of which one address may have at most 40. */
const OPEN_FILES = 256;
const FLOOD = 400;
/** Less than the time after which silent sockets are closed anyway, which is ten seconds. */
const SERVED_WITHIN_MS = 9_000;

let child: Child;
let dataDir: string;
let port: number;
let adminPort: number;
const sockets: Socket[] = [];

// The tests connect from several addresses of this machine. Only Linux has these without setup.
describe.skipIf(process.platform !== "linux")("a process with few open files", () => {
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "parley-sockets-"));
    port = await freePort();
    adminPort = await freePort();
    const { PATH, HOME } = process.env;
    const env = { PORT: String(port), ADMIN_PORT: String(adminPort), DATA_DIR: dataDir, JWT_SECRET: SECRET };
    const command = `ulimit -n ${OPEN_FILES} && exec "$0" "$1"`;
    child = await startChild({
      command: "bash",
      args: ["-c", command, process.execPath, MAIN],
      env: { PATH, HOME, ...env },
    });
    await child.printed(/Parley runs on/, 20_000);
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  afterAll(async () => {
    await child.kill("SIGKILL");
    await rm(dataDir, { recursive: true, force: true });
  });

  it("G5: serves other addresses and health checks while one address opens sockets that say nothing", async () => {
    const flood = connectMany(FLOOD, ["127.0.0.2"]);
    await until(() => flood.filter(({ destroyed }) => destroyed).length >= FLOOD - 40, "refused sockets");
    await expectServed();
    await expectHealthy();
    expect(await counted("refused_total", "address")).toBeGreaterThanOrEqual(FLOOD - 40);
  });

  it("G5: serves new clients, and closes no WebSocket, while many addresses fill the server", {
    timeout: 60_000,
  }, async () => {
    const addresses = Array.from({ length: 10 }, (_, at) => `127.0.1.${at + 1}`);
    const early = await chatClient();
    connectMany(FLOOD, addresses);
    await until(async () => (await counted("refused_total", "full")) > 0, "a full server");
    await until(
      () =>
        expectServed().then(
          () => true,
          () => false,
        ),
      "a place for a new client",
      40_000,
    );
    await expectHealthy();
    await early.send("bob", "an open WebSocket stays");
    early.socket.terminate();
    expect(await counted("closed_total", "evicted")).toBeGreaterThan(0);
  });

  it("G5: closes sockets that say nothing for more than ten seconds", { timeout: 60_000 }, async () => {
    const silent = connectMany(10, ["127.0.0.3"]);
    await until(() => silent.every(({ destroyed }) => destroyed), "the end of the silent sockets", 40_000);
  });
});

function connectMany(count: number, addresses: readonly string[]): Socket[] {
  const opened = Array.from({ length: count }, (_, at) => {
    const localAddress = addresses[at % addresses.length];
    const socket = connect({ port, host: "127.0.0.1", localAddress });
    return socket.on("error", () => undefined).resume();
  });
  sockets.push(...opened);
  return opened;
}

async function chatClient(): Promise<ChatClient> {
  const { token } = await issueToken({ user: "alice", secret: SECRET });
  return ChatClient.connect(`ws://127.0.0.1:${port}/ws`, token);
}

/** Fails if a new client isn't served at once. */
async function expectServed(): Promise<void> {
  const startedAt = performance.now();
  const client = await chatClient();
  await client.send("bob", "hello");
  client.socket.terminate();
  expect(performance.now() - startedAt).toBeLessThan(SERVED_WITHIN_MS);
}

async function expectHealthy(): Promise<void> {
  expect((await fetch(`http://127.0.0.1:${adminPort}/readyz`)).status).toBe(200);
}

async function counted(metric: "refused_total" | "closed_total", reason: string): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const line = new RegExp(
    `^parley_http_sockets_${metric}\\{[^}]*server="public",reason="${reason}"[^}]*\\} (\\d+)`,
    "m",
  );
  return Number(line.exec(metrics)?.[1]);
}
