import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { takeLock } from "../lock.ts";

/** Where the workspace keeps what it has installed for its own tests. */
export const CACHE = join(import.meta.dirname, "../../../../.cache");
/** Longer than any installation. */
const LOCK_TIMEOUT_MS = 10 * 60_000;

/**
 * Makes a folder, once for all processes: `build` fills a draft beside its place, which is put there by a rename, so it
 * is whole or not there. The lock only saves work. Rejects with what `build` rejects with.
 */
export async function installOnce(home: string, build: (draft: string) => Promise<void>): Promise<void> {
  const giveUp = Date.now() + LOCK_TIMEOUT_MS;
  await mkdir(dirname(home), { recursive: true });
  while (!existsSync(home)) {
    const lock = await takeLock(`${home}.lock`);
    if ("release" in lock) await buildIn(home, build).finally(lock.release);
    else if (Date.now() > giveUp) throw new Error(`process ${lock.heldBy} holds ${home}.lock: delete it`);
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
    // Somebody else's is as good.
    if (!existsSync(home)) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
