import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { takeLock } from "../lock.ts";

/** Folder for servers and browsers that the workspace installs for its own use. */
export const CACHE = join(import.meta.dirname, "../../../../.cache");
/** Time limit for the lock, longer than any installation takes. */
const LOCK_TIMEOUT_MS = 10 * 60_000;

/**
 * Creates the folder `home` once, even if several processes call this at the same time. `build` fills a temporary
 * folder, which is then renamed to `home`, so `home` is either complete or missing. The lock only avoids duplicate
 * work. Rejects if `build` does.
 */
export async function installOnce(home: string, build: (draft: string) => Promise<void>): Promise<void> {
  const deadline = performance.now() + LOCK_TIMEOUT_MS;
  await mkdir(dirname(home), { recursive: true });
  while (!existsSync(home)) {
    const lock = await takeLock(`${home}.lock`);
    if ("release" in lock) await buildIn(home, build).finally(lock.release);
    else if (performance.now() > deadline)
      throw new Error(
        `process ${lock.heldBy} still holds ${home}.lock: delete the lock if that process is stuck`,
      );
    else await delay(200);
  }
}

async function buildIn(home: string, build: (draft: string) => Promise<void>): Promise<void> {
  if (existsSync(home)) return;
  const draft = `${home}.${process.pid}`;
  try {
    await rm(draft, { recursive: true, force: true });
    await build(draft);
    await rename(draft, home);
  } catch (error) {
    // Another process may have created the folder in the meantime, which is just as good.
    if (!existsSync(home)) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
