import { sleep } from "@parley/async";
import type { Consumer } from "@parley/bus";
import type { Observe } from "../events.ts";
import { tryLogStep } from "../log-step.ts";
import { LagMeter } from "./lag.ts";
import { LeadReports, leadMs } from "./lead.ts";

export interface TrimLoopDeps {
  readonly consumer: Pick<Consumer, "trim">;
  readonly intervalMs: number;
  readonly observe: Observe;
  /** The current time, in ms since 1970. */
  readonly now: () => number;
  /** The current time of a clock that never leaps, in ms. */
  readonly monotonicNow: () => number;
}

/**
 * Trims stored messages from the log and reports the log's state, at every interval until `signal` is aborted (L12).
 */
export async function runTrimLoop(
  { consumer, intervalMs, observe, now, monotonicNow }: TrimLoopDeps,
  signal: AbortSignal,
): Promise<void> {
  const pause = () => sleep(intervalMs, signal);
  const lag = new LagMeter();
  const reports = new LeadReports();
  for (await pause(); !signal.aborted; await pause()) {
    const at = { wall: now(), monotonic: monotonicNow() };
    const state = await tryLogStep(observe, "trim", () => consumer.trim());
    if (!state) continue;
    const lead = leadMs(state.end, at.wall);
    observe({ type: "log-state", state, lagMs: lag.lagMs(state, at), leadMs: Math.max(0, lead) });
    const report = reports.next(lead);
    if (report) observe({ type: report, leadMs: lead });
  }
}
