import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

/**
 * Writes a file that names this process, so that a process that finds the directory locked can report the owner. The
 * file isn't the lock: a killed process leaves it behind, and the next process overwrites it.
 */
export function writeLockOwner(dir: string): void {
  writeFileSync(fileIn(dir), `${process.pid} ${hostname()}\n`, { mode: 0o600 });
}

/** Deletes the file that `writeLockOwner` wrote. */
export function clearLockOwner(dir: string): void {
  rmSync(fileIn(dir), { force: true });
}

/** Describes the process that has locked the directory. Returns undefined if it is unknown or has ended. */
export function readLockOwner(dir: string): string | undefined {
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
    // EPERM: the process exists and belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function fileIn(dir: string): string {
  return join(dir, "parley.pid");
}
