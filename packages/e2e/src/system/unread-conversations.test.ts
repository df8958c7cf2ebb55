import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@parley/async";
import { formatId } from "@parley/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Standalone, startStandalone } from "../rig/shapes.ts";
import { storeMessages } from "../rig/stored-messages.ts";

/** 20 MB, of which the buffers of a connection hold less than half. */
const MESSAGES = 2_500;
const CONTENT = "x".repeat(8_000);
const HEAP_MB = 256;
const USERS = ["u1", "u2", "u3", "u4"];
/** The default of MAX_STREAMS_PER_USER. Together, four users reach MAX_STREAMS. */
const STREAMS_EACH = 64;

describe("whole conversations that nobody reads", () => {
  let dataDir: string;
  let deployment: Standalone;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "parley-e2e-"));
    await storeMessages(dataDir, MESSAGES, (n) => ({
      id: formatId({ ms: 1_700_000_000_000 + n, seq: 0 }),
      from: "alice",
      to: "",
      content: CONTENT,
    }));
    deployment = await startStandalone({
      dataDir,
      env: { NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`, SLOW_CLIENT_MS: "600000" },
    });
  }, 120_000);
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await deployment?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function openUnread(user: string): Promise<void> {
    const { hostname, port } = new URL(deployment.app.url);
    const socket = connect(Number(port), hostname).pause();
    socket.on("error", () => undefined);
    sockets.push(socket);
    const authorization = `Bearer ${await deployment.token(user)}`;
    socket.write(`GET /messages HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n`);
  }

  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`${deployment.app.adminUrl}/metrics`)).text();
    const series = text.matchAll(new RegExp(`^parley_history_${name}(?:\\{[^}]*\\})? (\\S+)`, "gm"));
    return [...series].reduce((sum, [, value]) => sum + Number(value), 0);
  }

  it("G5: 4 × 64 of 20 MB each are held in a heap of 256 MB, and others are served", async () => {
    for (const user of USERS) for (let n = 0; n < STREAMS_EACH; n += 1) await openUnread(user);
    await until(async () => (await metric("streams")) === USERS.length * STREAMS_EACH, "all streams", 60_000);
    // Each stream holds one chunk of its answer and its socket's buffer, about 0.3 MB.
    await until(async () => (await metric("response_bytes")) < 80 * 1_048_576, "few bytes", 60_000);
    const page = await deployment.history("bob", "/sync?limit=100");
    expect(((await page.json()) as { messages: unknown[] }).messages).toHaveLength(100);
    const whole = await deployment.history("bob", "/messages");
    expect(whole.status).toBe(200);
    expect((await whole.text()).length).toBeGreaterThan(MESSAGES * CONTENT.length);
    expect(await metric("displaced_total")).toBe(1);
    expect(deployment.app.pid).toBeGreaterThan(0);
  }, 180_000);
});
