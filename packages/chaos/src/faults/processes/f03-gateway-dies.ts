import { setTimeout as delay } from "node:timers/promises";
import { countConnections, gatewaysWithClients } from "../../cluster/metrics.ts";
import { formatOutages } from "../../report/format.ts";
import type { Fault } from "../fault.ts";

/** Kills a gateway. Its clients reconnect to the other one. */
export const gatewayDies: Fault = {
  id: "F3",
  title: "a gateway dies",
  hasChanges: true,
  affects: ["gateway"],
  async inject({ cluster, workload, log, short }) {
    const [victim] = await gatewaysWithClients(cluster);
    if (!victim) throw new Error("no gateway has a client");
    const struck = await countConnections(victim);
    const killedMs = performance.now();
    await victim.app.kill("SIGKILL");
    log(`${struck} clients lost their gateway`);
    const recoveryMs = await workload.untilRecovered(killedMs);
    await delay(short ? 500 : 3_000);
    await victim.app.restart();
    return {
      struck,
      unit: "clients cut off",
      recoveryMs,
      details: formatOutages(workload.outages(killedMs)),
    };
  },
};
