import { gatewaysWithClients, sumMetric } from "../../cluster/metrics.ts";
import type { Fault } from "../fault.ts";

/** Drops Redis' reply to an append. The message is appended, and the client's retry must get the same id (L5, L6). */
export const replyLost: Fault = {
  id: "F8",
  title: "the reply to an append is lost",
  affects: ["links", "gateway", "redis"],
  async inject({ cluster, workload, short, log }) {
    const countDuplicates = () =>
      sumMetric(cluster.gateways, "parley_bus_drafts_total", { outcome: "duplicate" });
    const before = await countDuplicates();
    let struck = 0;
    let recoveryMs = 0;
    for (let round = 0; round < (short ? 3 : 8); round++) {
      const gateways = await gatewaysWithClients(cluster);
      await Promise.all(gateways.map(({ redisProxy }) => redisProxy.loseNextReply(isAppend)));
      struck += gateways.length;
      recoveryMs = Math.max(recoveryMs, await workload.untilRecovered(performance.now()));
    }
    const duplicates = (await countDuplicates()) - before;
    log(`${duplicates} retries were answered with the first id`);
    return {
      struck,
      unit: "replies lost",
      recoveryMs,
      details: `${duplicates} retries were answered with the first one's id`,
      problems: duplicates === 0 ? ["no retry was answered with the first id"] : [],
    };
  },
};

/** Recognizes an append: the call of a script with content that the workload wrote. */
function isAppend(chunk: Buffer): boolean {
  const text = chunk.toString("latin1");
  return /evalsha/i.test(text) && /F\d+#\d+/.test(text);
}
