import { setTimeout as delay } from "node:timers/promises";
import { type Cluster, GROUP, LOG } from "../../cluster/cluster.ts";
import { freezeWhileHolding } from "../../cluster/freeze.ts";
import { backlogEntries } from "../../cluster/log-inspection.ts";
import { eventually } from "../../eventually.ts";
import { formatSeconds } from "../../report/format.ts";
import type { Fault } from "../fault.ts";

/** Longer than the claim idle time, so that another persister takes over the entries of the frozen one. */
const FROZEN_MS = 7_000;

/** A smaller backlog is treated as stored. The workload continues, so the backlog is hardly ever empty. */
const SMALL_BACKLOG = 20;

/**
 * Freezes a persister that holds messages. When it continues, another persister has already stored these messages.
 */
export const persisterFreezes: Fault = {
  id: "F2",
  title: "a frozen persister comes back",
  hasChanges: true,
  affects: ["persister"],
  async inject({ cluster, log, short }) {
    const [victim] = cluster.persisters;
    if (!victim) throw new Error("the cluster has no persister");
    let struck = 0;
    let recoveryMs = 0;
    for (let round = 0; round < (short ? 1 : 2); round++) {
      const { heldIds, frozenMs } = await freezeWhileHolding(cluster, victim.app);
      await delay(FROZEN_MS - (performance.now() - frozenMs));
      await eventually(async () => {
        const deliveries = await Promise.all(heldIds.map((id) => countDeliveries(cluster, id)));
        return deliveries.every((count) => count !== 1);
      }, "another persister to take over");
      struck += heldIds.length;
      log(`${heldIds.length} messages were taken over; the persister continues`);
      await victim.app.kill("SIGCONT");
      const continuedMs = performance.now();
      await eventually(
        async () => (await backlogEntries(cluster)) < SMALL_BACKLOG,
        "the backlog to be small",
      );
      recoveryMs = Math.max(recoveryMs, performance.now() - continuedMs);
    }
    return {
      struck,
      unit: "taken over while it held them",
      recoveryMs,
      details: `frozen for ${formatSeconds(FROZEN_MS)}; what it stored late changed nothing`,
    };
  },
};

/**
 * Returns the number of times that an entry was delivered to a persister, or 0 if the entry isn't pending any more.
 */
async function countDeliveries(cluster: Cluster, id: string): Promise<number> {
  const rows = await cluster.withRedis((redis) => redis.xpending(LOG, GROUP, id, id, 1));
  return (rows as [string, string, number, number][])[0]?.[3] ?? 0;
}
