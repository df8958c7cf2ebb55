import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { type Child, type ChildOptions, startChild } from "./child.ts";

async function node(code: string, options: Partial<ChildOptions> = {}): Promise<Child> {
  const child = await startChild({ command: process.execPath, args: ["-e", code], ...options });
  onTestFinished(() => child.kill("SIGKILL"));
  return child;
}

/** Returns true if the process runs. A zombie, such as an orphan that was never reaped, isn't running. */
function isRunning(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.startsWith("Z");
}

it("rejects if the command cannot be started", async () => {
  await expect(startChild({ command: "/no/such/command" })).rejects.toThrow("ENOENT");
});

it("reports complete lines, captures both outputs and resolves with the exit status", async () => {
  const lines: string[] = [];
  const child = await node(
    "process.stdout.write('one\\ntw'); console.error('err'); console.log('o'); process.exit(3)",
    {
      onLine: (line) => lines.push(line),
    },
  );
  expect(await child.exited).toEqual({ code: 3, signal: null });
  expect(lines.toSorted()).toEqual(["err", "one", "two"]);
  expect(child.output()).toContain("err");
});

it("keeps only the end of a long output", async () => {
  const child = await node("console.log('x'.repeat(200_000) + 'end')");
  await child.exited;
  expect(child.output().length).toBe(65_536);
  expect(child.output().trimEnd().endsWith("xend")).toBe(true);
});

it("printed: resolves when the text appears, and rejects with the output on exit or timeout", async () => {
  const child = await node("console.log('ready'); setInterval(() => {}, 1000)");
  await child.printed(/ready/, 10_000);
  await expect(child.printed(/never/, 20)).rejects.toThrow(/20 ms passed before printing .*\nready/);
  const failing = await node("console.log('no room'); process.exit(1)");
  await expect(failing.printed(/never/, 10_000)).rejects.toThrow(/exited with 1 before printing .*\nno room/);
});

it("stop: ends a frozen process, and after the deadline one that ignores SIGTERM", async () => {
  const frozen = await node("console.log('up'); setInterval(() => {}, 1000)");
  await frozen.printed(/up/, 10_000);
  await frozen.kill("SIGSTOP");
  expect(await frozen.stop()).toEqual({ code: null, signal: "SIGTERM" });
  const stubborn = await node(
    "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)",
  );
  await stubborn.printed(/up/, 10_000);
  expect(await stubborn.stop(50)).toEqual({ code: null, signal: "SIGKILL" });
  expect(await stubborn.stop()).toEqual({ code: null, signal: "SIGKILL" });
});

it("kill reaches the process that a wrapper started", async () => {
  const child = await startChild({
    command: "sh",
    args: [
      "-c",
      `"$0" -e 'console.log("pid " + process.pid); setInterval(() => {}, 1000)'; true`,
      process.execPath,
    ],
  });
  await child.printed(/pid \d+/, 10_000);
  const grandchild = Number(/pid (\d+)/.exec(child.output())?.[1]);
  expect(grandchild).not.toBe(child.pid);
  await child.kill("SIGKILL");
  await vi.waitFor(() => expect(isRunning(grandchild)).toBe(false), 5_000);
});

it.each(["runs", "has exited"])(
  "after SIGKILL of the parent while the child %s, neither the child nor its folder is left",
  async (state) => {
    const scratch = mkdtempSync(join(tmpdir(), "parley-child-test-"));
    const module = (name: string): string => JSON.stringify(join(import.meta.dirname, name));
    const parent = await node(
      `Promise.all([import(${module("child.ts")}), import(${module("guard.ts")})]).then(async ([c, g]) => {
      const guard = g.startGuard(${JSON.stringify(scratch)});
      const child = await c.startChild({ command: "sleep", args: ["600"], guard });
      if (${state === "has exited"}) await child.kill("SIGKILL");
      console.log("child " + child.pid);
      setInterval(() => {}, 1000);
    })`,
    );
    await parent.printed(/child \d+/, 10_000);
    const pid = Number(/child (\d+)/.exec(parent.output())?.[1]);
    expect(isRunning(pid)).toBe(state === "runs");
    expect(existsSync(scratch)).toBe(true);
    process.kill(parent.pid, "SIGKILL");
    await parent.exited;
    await vi.waitFor(() => expect(existsSync(scratch)).toBe(false), 5_000);
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), 5_000);
  },
);
