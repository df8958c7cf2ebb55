import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startChild } from "@parley/local";
import { formatId, type LogMessage } from "@parley/models";
import { openSqliteStore } from "@parley/store/sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Standalone, startStandalone } from "./shapes.ts";

const MESSAGES = 100_000;
const BATCH = 1_000;
/** As UTF-16 or not, 100,000 of these do not fit into the heap that the client gets. */
const PADDING = "x".repeat(1_000);
const HEAP_MB = 40;

describe("a client that was away for 100,000 messages", () => {
  let dataDir: string;
  let house: Standalone;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "parley-e2e-"));
    const store = openSqliteStore({ dir: dataDir });
    for (let from = 0; from < MESSAGES; from += BATCH) {
      const batch = Array.from({ length: BATCH }, (_, n): LogMessage => {
        const id = formatId({ ms: 1_700_000_000_000 + from + n, seq: 0 });
        return { id, from: "alice", to: n % 2 === 0 ? "bob" : "", content: `message ${from + n} ${PADDING}` };
      });
      await store.insert(batch);
    }
    await store.close();
    house = await startStandalone({ dataDir });
  });
  afterAll(async () => {
    await house?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it("G3, G5: has them all, in order, in a small heap, is told how far it is, and its process ends when closed", async () => {
    const child = await startChild({
      command: process.execPath,
      args: [
        `--max-old-space-size=${HEAP_MB}`,
        fileURLToPath(new URL("./client-catch-up.child.ts", import.meta.url)),
        house.gateways[0],
        await house.token("bob"),
        String(MESSAGES),
      ],
    });
    expect(await child.exited, child.output()).toEqual({ code: 0, signal: null });
    const [live, closed] = child
      .output()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(live).toMatchObject({ phase: "live", count: MESSAGES });
    expect(live.progress).toBeGreaterThan(MESSAGES / 1_000);
    expect(closed.phase).toBe("closed");
  }, 60_000);
});
