import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Child, startChild } from "@parley/local";
import { afterAll, expect, it, onTestFinished } from "vitest";
import { StoreLocked } from "../errors.ts";
import { readHolder } from "./holder.ts";
import { openSqliteStore } from "./index.ts";

const SCRIPT = fileURLToPath(new URL("./inserting.child.ts", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "parley-lock-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function opener(dir: string): Promise<Child> {
  const child = await startChild({ command: process.execPath, args: [SCRIPT, dir], env: process.env });
  onTestFinished(async () => {
    await child.stop();
  });
  return child;
}

it("L23: a second process on the directory is refused, and told which process has it", async () => {
  const dir = join(root, "held");
  const store = openSqliteStore({ dir });
  onTestFinished(() => store.close());
  const second = await opener(dir);
  await second.exited;
  expect(second.output()).toContain(`StoreLocked: ${dir} is in use by process ${process.pid}`);
  await store.ping();
});

it("L23: a second store in one process is refused too, and takes nothing from the first", async () => {
  const dir = join(root, "twice");
  const store = openSqliteStore({ dir });
  expect(() => openSqliteStore({ dir })).toThrow(StoreLocked);
  const other = await opener(dir);
  await other.exited;
  expect(other.output()).toContain("StoreLocked");
  await store.close();
  const again = openSqliteStore({ dir });
  await again.close();
});

it("L23: the lock goes with its process, however that ends", async () => {
  const dir = join(root, "killed");
  const holder = await opener(dir);
  await holder.printed(/^open$/m, 10_000);
  expect(() => openSqliteStore({ dir })).toThrow(
    expect.objectContaining({ name: "StoreLocked", dir, holder: `process ${holder.pid}` }),
  );
  await holder.kill("SIGKILL");
  const store = openSqliteStore({ dir });
  await store.close();
  expect(readHolder(dir)).toBeUndefined();
});

it("L23: of two that start at once exactly one opens", { timeout: 60_000 }, async () => {
  for (let round = 0; round < 5; round++) {
    const dir = join(root, `race${round}`);
    const both = await Promise.all([opener(dir), opener(dir)]);
    await Promise.all(both.map((child) => child.printed(/^open$|StoreLocked/m, 10_000)));
    expect(both.filter((child) => child.output().includes("StoreLocked"))).toHaveLength(1);
    await Promise.all(both.map((child) => child.kill("SIGKILL")));
  }
});

it("the holder is named only where it is known and lives", () => {
  const dir = mkdtempSync(join(root, "holder-"));
  const write = (text: string) => writeFileSync(join(dir, "parley.pid"), text);
  expect(readHolder(dir)).toBeUndefined();
  write(`${process.pid} ${hostname()}\n`);
  expect(readHolder(dir)).toBe(`process ${process.pid}`);
  write(`${2 ** 30} ${hostname()}\n`);
  expect(readHolder(dir)).toBeUndefined();
  write("7 another-host\n");
  expect(readHolder(dir)).toBe("process 7 on another-host");
  write("rubbish");
  expect(readHolder(dir)).toBeUndefined();
});
