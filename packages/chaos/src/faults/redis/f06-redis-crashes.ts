import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../../eventually.ts";
import { formatSeconds } from "../../report/format.ts";
import type { Fault, FaultContext } from "../fault.ts";

const MIN_IN_FLIGHT = 5;

/** Kills Redis while sends are in flight. The gateways can't know if Redis executed the appends of these sends. */
export const redisCrashes: Fault = {
  id: "F6",
  title: "Redis crashes and comes back with its append-only file",
  hasChanges: true,
  affects: ["redis", "history", "persister", "links"],
  async inject(context) {
    const { cluster, workload, short, log } = context;
    const recoveries: number[] = [];
    let struck = 0;
    for (let crash = 0; crash < (short ? 1 : 3); crash++) {
      const inFlight = await crashUnderLoad(context);
      log(`crash ${crash + 1} with ${inFlight} sends in flight`);
      struck += inFlight;
      await delay(short ? 500 : 2_000);
      await cluster.redis.restart();
      recoveries.push(await workload.untilRecovered(performance.now()));
    }
    return {
      struck,
      unit: "sends under way at a crash",
      recoveryMs: Math.max(...recoveries),
      details: `after each restart: ${recoveries.map(formatSeconds).join(", ")}`,
    };
  },
};

/** Kills Redis. Resolves with the number of sends that had no answer at that moment. */
async function crashUnderLoad({ cluster, workload }: FaultContext): Promise<number> {
  for (const { redisProxy } of cluster.gateways) redisProxy.set("down", "stall");
  const inFlight = await eventually(() => {
    const pending = workload.ledger.sends.filter(({ outcome }) => outcome.kind === "pending").length;
    return pending >= MIN_IN_FLIGHT && pending;
  }, "sends in flight");
  await cluster.redis.kill("SIGKILL");
  for (const { redisProxy } of cluster.gateways) redisProxy.cut("rst");
  for (const { redisProxy } of cluster.gateways) redisProxy.set("both", "pass");
  return inFlight;
}
