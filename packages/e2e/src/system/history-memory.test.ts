import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatId } from "@parley/models";
import { describe, expect, it } from "vitest";
import { type Deployment, startStandalone } from "../rig/shapes.ts";
import { storeMessages } from "../rig/stored-messages.ts";

const MESSAGES = 40_000;
/** The whole answer is larger than the memory that the process may take. */
const CONTENT = "x".repeat(2_000);
const KEY = '"id":';
const MAX_GROWTH_BYTES = 50 * 1024 * 1024;
const WARM_UP = 4_000;

/** Writes a conversation of alice directly into the data folder. */
function fill(dir: string, to: string, count: number): Promise<void> {
  return storeMessages(dir, count, (n) => ({
    id: formatId({ ms: 1_700_000_000_000 + n, seq: to.length }),
    from: "alice",
    to,
    content: `message ${n} ${CONTENT}`,
  }));
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/**
 * Reads a conversation without keeping it. Resolves with the number of messages and the growth of the process'
 * memory.
 */
async function stream(deployment: Deployment, pid: number): Promise<{ messages: number; growth: number }> {
  // A shorter answer first brings the JavaScript engine to its usual size. Only growth with the length matters.
  await (await deployment.history("alice", "/messages/carol")).text();
  const before = await residentBytes(pid);
  const response = await deployment.history("alice", "/messages/bob");
  expect(response.status).toBe(200);
  let messages = 0;
  let peak = before;
  // The end of the previous chunk, one character shorter than KEY, so a key that spans two chunks is counted once.
  let carry = "";
  const decoder = new TextDecoder();
  for await (const bytes of response.body as ReadableStream<Uint8Array>) {
    const text = carry + decoder.decode(bytes, { stream: true });
    messages += text.split(KEY).length - 1;
    carry = text.slice(1 - KEY.length);
    peak = Math.max(peak, await residentBytes(pid));
  }
  expect(carry.at(-1)).toBe("]");
  return { messages, growth: peak - before };
}

describe("a conversation of 80 MB", () => {
  it("P50: standalone streams it whole in constant memory", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "parley-e2e-"));
    await fill(dataDir, "carol", WARM_UP);
    await fill(dataDir, "bob", MESSAGES);
    const deployment = await startStandalone({ dataDir });
    const { messages, growth } = await stream(deployment, deployment.app.pid);
    await deployment.stop();
    await rm(dataDir, { recursive: true, force: true });
    expect(messages).toBe(MESSAGES);
    expect(growth).toBeLessThan(MAX_GROWTH_BYTES);
  }, 120_000);
});
