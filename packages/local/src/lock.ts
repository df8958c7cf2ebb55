import { readlinkSync } from "node:fs";
import { rm, symlink } from "node:fs/promises";

/**
 * Takes a lock between processes on one machine. If another process holds the lock, resolves with its process id. If
 * the holder has exited, takes over its lock. Two processes that take over a lock at the same moment may both get it.
 *
 * The lock is a symbolic link whose target is the holder's process id, so it is created and read atomically.
 */
export async function takeLock(path: string): Promise<{ release(): Promise<void> } | { heldBy: number }> {
  try {
    await symlink(String(process.pid), path);
    return { release: () => rm(path, { force: true }) };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  const heldBy = holderOf(path);
  if (heldBy !== undefined) return { heldBy };
  await rm(path, { force: true });
  return takeLock(path);
}

/** Returns the holder's process id, or undefined if the holder has exited or the lock no longer exists. */
function holderOf(path: string): number | undefined {
  try {
    const pid = Number(readlinkSync(path));
    return isAlive(pid) ? pid : undefined;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process exists but belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
