import { setTimeout as delay } from "node:timers/promises";
import { countConnections, gatewaysWithClients } from "../../cluster/metrics.ts";
import { formatDetection, formatSeconds } from "../../report/format.ts";
import { HEARTBEAT } from "../../workload/workload.ts";
import type { Fault } from "../fault.ts";

const BOUND_MS = HEARTBEAT.everyMs + HEARTBEAT.timeoutMs;
/** Timers fire late on a busy machine. */
const TOLERANCE_MS = 1_000;

/**
 * Freezes a gateway. Its sockets stay open and silent, so clients notice only by the heartbeat of the SDK (P14).
 * When the gateway continues, it finishes the work that it had begun.
 */
export const gatewayHangs: Fault = {
  id: "F4",
  title: "a gateway hangs",
  affects: ["gateway"],
  async inject({ cluster, workload, log, short }) {
    const [victim] = await gatewaysWithClients(cluster);
    if (!victim) throw new Error("no gateway has a client");
    const struck = await countConnections(victim);
    const frozenMs = performance.now();
    await victim.app.kill("SIGSTOP");
    const recoveryMs = await workload.untilRecovered(frozenMs);
    const outages = workload.outages(frozenMs);
    log(formatDetection(outages));
    await delay(short ? 500 : 5_000);
    await victim.app.kill("SIGCONT");
    await workload.untilRecovered(performance.now());
    const slowestMs = Math.max(...outages.map(({ noticedMs }) => noticedMs));
    return {
      struck,
      unit: "clients left hanging",
      recoveryMs,
      details: `${formatDetection(outages)} (bound ${formatSeconds(BOUND_MS)})`,
      late: slowestMs > BOUND_MS + TOLERANCE_MS ? [`noticed only after ${formatSeconds(slowestMs)}`] : [],
    };
  },
};
