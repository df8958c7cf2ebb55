import { readlinkSync } from "node:fs";
import { rm, symlink } from "node:fs/promises";

/**
 * A lock between processes of one machine: a symbolic link that names its holder's process id, so that it is made,
 * and read, whole. One whose holder is gone is taken over; two that do so at the same moment may both get it.
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

/** Undefined where the holder is gone, or the lock itself. */
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
    // Another user's process is alive too.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
