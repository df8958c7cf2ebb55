import type { Cluster } from "../../cluster/cluster.ts";
import { idlePendingIds, pendingIds, storedPendingIds } from "../../cluster/log-inspection.ts";
import { eventually } from "../../eventually.ts";
import { formatSeconds } from "../../report/format.ts";
import type { Fault } from "../fault.ts";

/** Longest wait until the entries of a killed persister are idle. */
const IDLE_TIMEOUT_MS = 2_500;

/**
 * Kills a persister at the worst moment: its messages are in MongoDB, but the log doesn't know. Drops the persister's
 * XACKs until MongoDB has messages that are still pending in the log, then kills the persister.
 */
export const persisterDies: Fault = {
  id: "F1",
  title: "a persister dies between insert and XACK",
  hasChanges: true,
  affects: ["persister"],
  async inject({ cluster, workload, log, short }) {
    let struck = 0;
    let recoveryMs = 0;
    for (let death = 0; death < (short ? 1 : 3); death++) {
      const victim = cluster.persisters[death % cluster.persisters.length];
      if (!victim) throw new Error("the cluster has no persister");
      const { heldIds, killedMs } = await killWhileHolding(cluster, victim);
      log(`killed a persister that held ${heldIds.length} inserted messages`);
      struck += heldIds.length;
      await eventually(async () => {
        const pending = new Set(await pendingIds(cluster));
        return !heldIds.some((id) => pending.has(id));
      }, "another persister to take over");
      recoveryMs = Math.max(recoveryMs, performance.now() - killedMs);
      await victim.app.restart();
      await workload.untilRecovered(killedMs);
    }
    return {
      struck,
      unit: "inserted, not XACKed",
      recoveryMs,
      details: `its share was taken over within ${formatSeconds(recoveryMs)} of its death`,
    };
  },
};

/**
 * Kills a persister that holds inserted messages and can't acknowledge them. Resolves with their stream ids and the
 * time of the kill.
 */
async function killWhileHolding(
  cluster: Cluster,
  victim: Cluster["persisters"][number],
): Promise<{ heldIds: string[]; killedMs: number }> {
  for (;;) {
    victim.redisProxy.set("up", "swallow", ({ opening }) => /\bxack\b/i.test(opening));
    await eventually(async () => (await storedPendingIds(cluster)).length > 0, "inserts without XACK");
    const killedMs = performance.now();
    await victim.app.kill("SIGKILL");
    victim.redisProxy.set("both", "pass");
    // Entries of the other persister don't stay idle, so only those of the victim are found.
    const heldIds = await eventually(
      () => idleStoredIds(cluster),
      "entries of the killed persister",
      IDLE_TIMEOUT_MS,
    ).catch(() => undefined);
    if (heldIds) return { heldIds, killedMs };
    await victim.app.restart();
  }
}

async function idleStoredIds(cluster: Cluster): Promise<string[] | undefined> {
  const [idle, stored] = [await idlePendingIds(cluster), new Set(await storedPendingIds(cluster))];
  const ids = idle.filter((id) => stored.has(id));
  return ids.length > 0 ? ids : undefined;
}
