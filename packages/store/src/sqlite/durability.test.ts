import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Child, startChild } from "@parley/local";
import type { LogMessage } from "@parley/models";
import { afterAll, expect, it, onTestFinished } from "vitest";
import { openDatabase } from "./database.ts";
import { openSqliteStore } from "./index.ts";

const SCRIPT = fileURLToPath(new URL("./inserting.child.ts", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "parley-durable-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function start(command: string, args: string[]): Promise<Child> {
  const child = await startChild({ command, args, env: process.env });
  onTestFinished(async () => {
    await child.stop();
  });
  return child;
}

/** What is in the store afterwards, and that the file is sound. */
async function keptIn(dir: string): Promise<LogMessage[]> {
  const store = openSqliteStore({ dir });
  const kept: LogMessage[] = [];
  for await (const message of store.all("public", {})) kept.push(message);
  await store.close();
  const db = openDatabase(dir);
  expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  db.close();
  return kept;
}

function lastSaid(output: string): string {
  return output.match(/^\d{13}-\d{10}-\d\d$/gm)?.at(-1) ?? "nothing was said to be stored";
}

it("G1: what was said to be stored is there after SIGKILL, whole batches, however often", {
  timeout: 60_000,
}, async () => {
  const dir = join(root, "killed");
  for (let round = 1; round <= 5; round++) {
    const child = await start(process.execPath, [SCRIPT, dir, "7"]);
    // Another moment of the write-ahead log's life each time: it is moved to the file every 1,000 pages.
    await child.printed(new RegExp(`(\\d{13}-\\d{10}-\\d\\d\\s+){${round * 40}}`), 30_000);
    await child.kill("SIGKILL");
    const kept = await keptIn(dir);
    expect(kept.map(({ id }) => id)).toContain(lastSaid(child.output()));
    expect(kept.map(({ id }) => Number(id.slice(14, 24)))).toEqual(kept.map((_, i) => i + 1));
    expect(kept.every(({ id, content, ref }) => content === `content of ${id}` && ref === id)).toBe(true);
    expect(kept.length % 7).toBe(0);
  }
});

it("G1: a full disk is `unavailable`, and loses nothing that was said to be stored", {
  timeout: 60_000,
}, async () => {
  const dir = join(root, "full");
  const limited = `trap '' XFSZ; ulimit -f 4096; exec "$@"`;
  const child = await start("sh", ["-c", limited, "sh", process.execPath, SCRIPT, dir, "50"]);
  await child.exited;
  expect(child.output()).toMatch(/^refused unavailable$/m);
  const last = lastSaid(child.output());
  const kept = await keptIn(dir);
  expect(kept.at(-1)?.id).toBe(last);
  expect(kept).toHaveLength(Number(last.slice(14, 24)));
});
