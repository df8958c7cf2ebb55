import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { takeLock } from "./lock.ts";
import { startChild } from "./processes/child.ts";

let path: string;

beforeEach(() => {
  const dir = mkdtempSync(join(tmpdir(), "parley-lock-test-"));
  path = join(dir, "lock");
  onTestFinished(() => rmSync(dir, { recursive: true }));
});

it("is held until it is released, and names its holder", async () => {
  const lock = await takeLock(path);
  expect(await takeLock(path)).toEqual({ heldBy: process.pid });
  if ("release" in lock) await lock.release();
  expect(await takeLock(path)).toHaveProperty("release");
});

it("is taken by one of many concurrent callers", async () => {
  const results = await Promise.all(Array.from({ length: 20 }, () => takeLock(path)));
  expect(results.filter((lock) => "release" in lock)).toHaveLength(1);
});

it("is taken over from a process that has exited", async () => {
  const holder = await startChild({ command: "true" });
  await holder.exited;
  symlinkSync(String(holder.pid), path);
  expect(await takeLock(path)).toHaveProperty("release");
});

it("rejects if the lock cannot be created", async () => {
  await expect(takeLock(join(path, "no/such/folder"))).rejects.toThrow("ENOENT");
});
