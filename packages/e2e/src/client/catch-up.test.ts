import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Child, startChild } from "@parley/local";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChatClient } from "../rig/chat-client.ts";
import { type Standalone, startStandalone } from "../rig/shapes.ts";
import { storeForBob } from "../rig/stored-messages.ts";

const MESSAGES = 50_000;
/** Text added to each message. 50,000 copies of it don't fit into the client's heap in any encoding. */
const PADDING = "x".repeat(1_000);
const HEAP_MB = 40;
/** Messages sent while the raw reader catches up: more than the reader buffers. */
const LIVE = 1_500;

describe("a client that was away for 50,000 messages", () => {
  let dataDir: string;
  let deployment: Standalone;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "parley-e2e-"));
    await storeForBob(dataDir, MESSAGES, PADDING);
    deployment = await startStandalone({ dataDir, env: { RATE_LIMIT: "0" } });
  });
  afterAll(async () => {
    await deployment?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** Starts a program that reads as bob, with a heap that is too small for all messages. */
  async function startReader(program: URL, ...args: readonly string[]): Promise<Child> {
    return startChild({
      command: process.execPath,
      args: [
        `--max-old-space-size=${HEAP_MB}`,
        fileURLToPath(program),
        deployment.gateways[0],
        await deployment.token("bob"),
        ...args,
      ],
    });
  }

  it("G3, G5: gets them all in order with a small heap and reports progress, and its process ends when closed", async () => {
    const child = await startReader(new URL("./catch-up.child.ts", import.meta.url), String(MESSAGES));
    expect(await child.exited, child.output()).toEqual({ code: 0, signal: null });
    const [live, closed] = child
      .output()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(live).toMatchObject({ phase: "live", count: MESSAGES });
    expect(live.progress).toBeGreaterThan(MESSAGES / 1_000);
    expect(closed.phase).toBe("closed");
  }, 180_000);

  it("G3, G5: the same by the raw protocol in under 100 lines, while more messages arrive than it buffers", async () => {
    const alice = await ChatClient.connect(deployment.gateways[0], await deployment.token("alice"));
    const expected = String(MESSAGES + LIVE);
    const child = await startReader(
      new URL("./raw-catch-up.child.ts", import.meta.url),
      deployment.historyUrl,
      expected,
    );
    await child.printed(/connected/, 30_000);
    const live = Array.from({ length: LIVE }, (_, n) => `message ${MESSAGES + n} ${PADDING}`);
    await Promise.all(live.map((content) => alice.send("bob", content)));
    expect(await child.exited, child.output()).toEqual({ code: 0, signal: null });
    expect(child.output()).toContain(`has ${expected}`);
    alice.socket.terminate();
  }, 180_000);
});
