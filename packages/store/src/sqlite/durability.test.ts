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

/** Reads all stored messages and checks the integrity of the file. */
async function storedIn(dir: string): Promise<LogMessage[]> {
  const store = openSqliteStore({ dir });
  const stored: LogMessage[] = [];
  for await (const message of store.all("public", {})) stored.push(message);
  await store.close();
  const db = openDatabase(dir);
  expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  db.close();
  return stored;
}

function lastReported(output: string): string {
  return output.match(/^\d{13}-\d{10}-\d\d$/gm)?.at(-1) ?? "nothing was reported as stored";
}

it("G1: batches reported as stored survive repeated SIGKILLs, complete", {
  timeout: 60_000,
}, async () => {
  const dir = join(root, "killed");
  for (let round = 1; round <= 5; round++) {
    const child = await start(process.execPath, [SCRIPT, dir, "7"]);
    // Each round kills the process at a different size of the write-ahead log.
    await child.printed(new RegExp(`(\\d{13}-\\d{10}-\\d\\d\\s+){${round * 40}}`), 30_000);
    await child.kill("SIGKILL");
    const stored = await storedIn(dir);
    expect(stored.map(({ id }) => id)).toContain(lastReported(child.output()));
    expect(stored.map(({ id }) => Number(id.slice(14, 24)))).toEqual(stored.map((_, i) => i + 1));
    expect(stored.every(({ id, content, ref }) => content === `content of ${id}` && ref === id)).toBe(true);
    expect(stored.length % 7).toBe(0);
  }
});

it("G1: a full disk causes `unavailable` and loses nothing that was reported as stored", {
  timeout: 60_000,
}, async () => {
  const dir = join(root, "full");
  const limited = `trap '' XFSZ; ulimit -f 4096; exec "$@"`;
  const child = await start("sh", ["-c", limited, "sh", process.execPath, SCRIPT, dir, "50"]);
  await child.exited;
  expect(child.output()).toMatch(/^refused unavailable$/m);
  const last = lastReported(child.output());
  const stored = await storedIn(dir);
  expect(stored.at(-1)?.id).toBe(last);
  expect(stored).toHaveLength(Number(last.slice(14, 24)));
});
