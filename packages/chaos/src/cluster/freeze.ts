import { setTimeout as delay } from "node:timers/promises";
import type { App } from "@parley/local";
import { eventually } from "../eventually.ts";
import type { Cluster } from "./cluster.ts";
import { idlePendingIds } from "./log-inspection.ts";

/** Longest wait until the entries of a frozen persister are idle. */
const IDLE_TIMEOUT_MS = 2_500;

/** Freezes the app while it holds entries. When it holds none, lets it continue for a moment and tries again. */
export async function freezeWhileHolding(
  cluster: Cluster,
  app: App,
): Promise<{ heldIds: string[]; frozenMs: number }> {
  for (;;) {
    const frozenMs = performance.now();
    await app.kill("SIGSTOP");
    const heldIds = await eventually(
      () => idleIds(cluster),
      "entries of the frozen persister",
      IDLE_TIMEOUT_MS,
    ).catch(() => undefined);
    if (heldIds) return { heldIds, frozenMs };
    await app.kill("SIGCONT");
    await delay(Math.random() * 100);
  }
}

async function idleIds(cluster: Cluster): Promise<string[] | undefined> {
  const ids = await idlePendingIds(cluster);
  return ids.length > 0 ? ids : undefined;
}
