import { backlogEntries } from "../../cluster/log-inspection.ts";
import { sumMetric } from "../../cluster/metrics.ts";
import { eventually } from "../../eventually.ts";
import type { Fault } from "../fault.ts";

const BOUND = 150;

/** Freezes all persisters until the backlog reaches its limit and gateways refuse sends. */
export const backlogFull: Fault = {
  id: "F13",
  title: `the backlog at its bound (${BOUND} entries)`,
  clusterOptions: { env: { BACKLOG_MAX_ENTRIES: String(BOUND) } },
  async inject({ cluster, workload, log, short }) {
    const countRefusals = () =>
      sumMetric(cluster.gateways, "parley_gateway_messages_failed_total", { code: "backlog_full" });
    await Promise.all(cluster.persisters.map(({ app }) => app.kill("SIGSTOP")));
    const minRefusals = short ? 20 : 200;
    await eventually(async () => (await countRefusals()) >= minRefusals, "refusals");
    const waiting = await backlogEntries(cluster);
    log(`${waiting} entries wait, and sends are refused`);
    await Promise.all(cluster.persisters.map(({ app }) => app.kill("SIGCONT")));
    const recoveryMs = await workload.untilRecovered(performance.now());
    return {
      struck: await countRefusals(),
      unit: "refused with backlog_full",
      recoveryMs,
      details: `${waiting} waited at most; all of them were stored`,
      problems: waiting > BOUND ? [`${waiting} entries waited, above the bound of ${BOUND}`] : [],
    };
  },
};
