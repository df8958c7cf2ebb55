import { setTimeout as delay } from "node:timers/promises";
import { parseId } from "@parley/models";
import { sumMetric } from "../../cluster/metrics.ts";
import { formatSeconds } from "../../report/format.ts";
import type { Fault, FaultContext } from "../fault.ts";

/** Redis may run on for a moment after the signal. */
const STOPS_WITHIN_MS = 100;

/** Freezes Redis. While it is frozen, no append may be acknowledged and every error must be temporary. */
export const redisStalls: Fault = {
  id: "F5",
  title: "Redis stalls for 1, 5 and 30 s",
  affects: ["redis", "history", "persister"],
  async inject(context) {
    const { cluster, workload, short, log } = context;
    const before = await countRefusals(context);
    const recoveries: number[] = [];
    const problems: string[] = [];
    for (const stallMs of short ? [1_000, 3_000] : [1_000, 5_000, 30_000]) {
      log(`Redis stalls for ${stallMs / 1000} s`);
      await cluster.redis.kill("SIGSTOP");
      // An ack may reach its client late, but its id has the time of its append, by the clock of this machine.
      const frozenAt = Date.now() + STOPS_WITHIN_MS;
      await delay(stallMs);
      const acks = workload.ledger.acked.filter(({ outcome }) => {
        return outcome.kind === "acked" && (parseId(outcome.id)?.ms ?? Number.POSITIVE_INFINITY) > frozenAt;
      });
      if (acks.length > 0) problems.push(`${acks.length} acks while Redis was frozen`);
      await cluster.redis.kill("SIGCONT");
      recoveries.push(await workload.untilRecovered(performance.now()));
    }
    const failed = workload.ledger.sends.filter(({ outcome }) => outcome.kind === "failed").length;
    if (failed > 0) problems.push(`${failed} sends were refused for good`);
    return {
      struck: (await countRefusals(context)) - before,
      unit: "sends told to try again",
      recoveryMs: Math.max(...recoveries),
      details: `after each stall: ${recoveries.map(formatSeconds).join(", ")}; every error was temporary`,
      problems,
    };
  },
};

function countRefusals({ cluster }: FaultContext): Promise<number> {
  return sumMetric(cluster.gateways, "parley_gateway_messages_failed_total", { code: "unavailable" });
}
