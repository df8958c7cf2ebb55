import { formatOutages, formatSeconds } from "../../report/format.ts";
import type { Fault } from "../fault.ts";

/** Time within which a process must end after SIGTERM (P41). */
const STOP_BOUND_MS = 25_000;

/** Restarts every process of the product, one after the other. */
export const rollingRestart: Fault = {
  id: "F15",
  title: "a rolling restart",
  hasChanges: true,
  affects: ["gateway", "persister", "history"],
  async inject({ cluster, workload, short, log }) {
    const startedMs = performance.now();
    const problems: string[] = [];
    const late: string[] = [];
    const drains: { readonly stoppedMs: number; readonly tookMs: number }[] = [];
    let struck = 0;
    for (let round = 0; round < (short ? 1 : 3); round++) {
      log(`round ${round + 1}`);
      for (const { app } of [...cluster.gateways, ...cluster.persisters, cluster.historyApi]) {
        const stoppedMs = performance.now();
        const { code, signal } = await app.stop();
        const tookMs = performance.now() - stoppedMs;
        if (code !== 0) problems.push(`${app.name} ended with ${signal ?? code}`);
        if (tookMs > STOP_BOUND_MS) late.push(`${app.name} took ${formatSeconds(tookMs)} to end`);
        if (app.name === "gateway") drains.push({ stoppedMs, tookMs });
        await app.restart();
        struck += 1;
      }
    }
    const recoveryMs = await workload.untilRecovered(performance.now());
    // `outages` only includes clients that are back, so it is called after the recovery.
    const spreads = drains.map(({ stoppedMs, tookMs }) =>
      spreadOf(workload.outages(stoppedMs).filter(({ noticedMs }) => noticedMs <= tookMs)),
    );
    return {
      struck,
      unit: "processes restarted",
      recoveryMs,
      details: `${formatOutages(workload.outages(startedMs))}, those of one gateway spread over ${formatSeconds(Math.max(...spreads))}`,
      problems,
      late,
    };
  },
};

/** Returns the time in ms from the first client that noticed its outage to the last one. */
function spreadOf(outages: readonly { readonly noticedMs: number }[]): number {
  const noticed = outages.map(({ noticedMs }) => noticedMs);
  return noticed.length === 0 ? 0 : Math.max(...noticed) - Math.min(...noticed);
}
