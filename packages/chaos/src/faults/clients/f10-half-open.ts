import { gatewaysWithClients, readMetric } from "../../cluster/metrics.ts";
import { eventually } from "../../eventually.ts";
import { formatDetection, formatSeconds } from "../../report/format.ts";
import { HEARTBEAT } from "../../workload/workload.ts";
import type { Fault } from "../fault.ts";

const BOUND_MS = HEARTBEAT.everyMs + HEARTBEAT.timeoutMs;
/** Timers fire late on a busy machine. */
const TOLERANCE_MS = 1_000;

/** Swallows all bytes of the clients' connections in both directions. Both ends must notice by their heartbeats. */
export const halfOpen: Fault = {
  id: "F10",
  title: "a half-open link between client and gateway",
  affects: ["gateway"],
  async inject({ cluster, workload, log }) {
    const [gateway] = await gatewaysWithClients(cluster);
    if (!gateway) throw new Error("no gateway has a client");
    const links = gateway.clientProxy.links();
    const countEnded = () => readMetric(gateway.app, "parley_gateway_connections_ended_total");
    const before = await countEnded();
    const startedMs = performance.now();
    gateway.clientProxy.set("both", "swallow", (link) => links.includes(link));
    const recoveryMs = await workload.untilRecovered(startedMs);
    const outages = workload.outages(startedMs);
    log(formatDetection(outages));
    await eventually(
      async () => (await countEnded()) - before >= links.length,
      "the gateway to drop the connections",
    );
    const droppedMs = performance.now() - startedMs;
    gateway.clientProxy.cut("rst", (link) => links.includes(link));
    gateway.clientProxy.set("both", "pass");
    const slowestMs = Math.max(...outages.map(({ noticedMs }) => noticedMs));
    return {
      struck: links.length,
      unit: "links swallowed",
      recoveryMs,
      details: `${formatDetection(outages)} (bound ${formatSeconds(BOUND_MS)}), by the gateway within ${formatSeconds(droppedMs)}`,
      late: slowestMs > BOUND_MS + TOLERANCE_MS ? [`noticed only after ${formatSeconds(slowestMs)}`] : [],
    };
  },
};
