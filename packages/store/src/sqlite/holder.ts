import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

/**
 * Says in a file which process has the directory, for the one that finds it locked. It is not the lock: a process
 * that was killed leaves its file behind, and the next one writes over it.
 */
export function writeHolder(dir: string): void {
  writeFileSync(fileIn(dir), `${process.pid} ${hostname()}\n`, { mode: 0o600 });
}

export function clearHolder(dir: string): void {
  rmSync(fileIn(dir), { force: true });
}

/** The holder in words, or undefined where it is not known or has ended. */
export function readHolder(dir: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(fileIn(dir), "utf8");
  } catch {
    return undefined;
  }
  const [, pid, host] = /^(\d+) (\S+)\n$/.exec(text) ?? [];
  if (pid === undefined || host === undefined) return undefined;
  if (host !== hostname()) return `process ${pid} on ${host}`;
  return isAlive(Number(pid)) ? `process ${pid}` : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: there, and another user's.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function fileIn(dir: string): string {
  return join(dir, "parley.pid");
}
