import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Child, startChild } from "@parley/local";
import { afterAll, expect, it, onTestFinished } from "vitest";
import { StoreLocked } from "../errors.ts";
import { openSqliteStore } from "./index.ts";
import { readLockOwner } from "./lock-owner.ts";

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

it("L23: a second process on the directory is refused, and the error names the owner", async () => {
  const dir = join(root, "held");
  const store = openSqliteStore({ dir });
  onTestFinished(() => store.close());
  const second = await opener(dir);
  await second.exited;
  expect(second.output()).toContain(`StoreLocked: ${dir} is in use by process ${process.pid}`);
  await store.ping();
});

it("L23: a second store in the same process is refused too, and the first keeps its lock", async () => {
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

it("L23: the lock is released when its process is killed", async () => {
  const dir = join(root, "killed");
  const owner = await opener(dir);
  await owner.printed(/^open$/m, 10_000);
  expect(() => openSqliteStore({ dir })).toThrow(
    expect.objectContaining({ name: "StoreLocked", dir, owner: `process ${owner.pid}` }),
  );
  await owner.kill("SIGKILL");
  const store = openSqliteStore({ dir });
  await store.close();
  expect(readLockOwner(dir)).toBeUndefined();
});

it("L23: of two processes that start at the same time, exactly one opens the store", {
  timeout: 60_000,
}, async () => {
  for (let round = 0; round < 5; round++) {
    const dir = join(root, `race${round}`);
    const both = await Promise.all([opener(dir), opener(dir)]);
    await Promise.all(both.map((child) => child.printed(/^open$|StoreLocked/m, 10_000)));
    expect(both.filter((child) => child.output().includes("StoreLocked"))).toHaveLength(1);
    await Promise.all(both.map((child) => child.kill("SIGKILL")));
  }
});

it("the owner is named only if it is known and alive", () => {
  const dir = mkdtempSync(join(root, "owner-"));
  const write = (text: string) => writeFileSync(join(dir, "parley.pid"), text);
  expect(readLockOwner(dir)).toBeUndefined();
  write(`${process.pid} ${hostname()}\n`);
  expect(readLockOwner(dir)).toBe(`process ${process.pid}`);
  write(`${2 ** 30} ${hostname()}\n`);
  expect(readLockOwner(dir)).toBeUndefined();
  write("7 another-host\n");
  expect(readLockOwner(dir)).toBe("process 7 on another-host");
  write("rubbish");
  expect(readLockOwner(dir)).toBeUndefined();
});
