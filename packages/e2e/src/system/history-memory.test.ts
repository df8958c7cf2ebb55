import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatId } from "@parley/models";
import { describe, expect, it } from "vitest";
import { type House, startStandalone } from "../rig/shapes.ts";
import { storeMessages } from "../rig/stored-messages.ts";

const MESSAGES = 200_000;
const KEY = '"id":';
const ALLOWED = 50 * 1024 * 1024;
const WARM_UP = 20_000;

/** A conversation of alice's, straight into the data folder. */
function fill(dir: string, to: string, count: number): Promise<void> {
  return storeMessages(dir, count, (n) => ({
    id: formatId({ ms: 1_700_000_000_000 + n, seq: to.length }),
    from: "alice",
    to,
    content: `message ${n} ${"x".repeat(100)}`,
  }));
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** Reads it all without keeping it, and says how many there were and how much the process grew meanwhile. */
async function stream(house: House, pid: number): Promise<{ messages: number; grownBy: number }> {
  // What the engine takes once, a tenth of the length takes as well. What grows with the length is the question.
  await (await house.history("alice", "/messages/carol")).text();
  const before = await residentBytes(pid);
  const response = await house.history("alice", "/messages/bob");
  expect(response.status).toBe(200);
  let messages = 0;
  let most = before;
  // Too short to hold a whole key, long enough to hold the start of one that the next chunk ends.
  let carry = "";
  const decoder = new TextDecoder();
  for await (const bytes of response.body as ReadableStream<Uint8Array>) {
    const text = carry + decoder.decode(bytes, { stream: true });
    messages += text.split(KEY).length - 1;
    carry = text.slice(1 - KEY.length);
    most = Math.max(most, await residentBytes(pid));
  }
  expect(carry.at(-1)).toBe("]");
  return { messages, grownBy: most - before };
}

describe("a conversation of 200,000 messages", () => {
  it("P50: standalone streams it whole in constant memory", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "parley-e2e-"));
    await fill(dataDir, "carol", WARM_UP);
    await fill(dataDir, "bob", MESSAGES);
    const house = await startStandalone({ dataDir });
    const { messages, grownBy } = await stream(house, house.app.pid);
    await house.stop();
    await rm(dataDir, { recursive: true, force: true });
    expect(messages).toBe(MESSAGES);
    expect(grownBy).toBeLessThan(ALLOWED);
  }, 120_000);
});
