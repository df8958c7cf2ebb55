import { sleep } from "@parley/async";
import type { Consumer } from "@parley/bus";
import type { Observe } from "../events.ts";
import { tryLogStep } from "../log-step.ts";
import { lagMs } from "./lag.ts";

export interface TrimLoopDeps {
  readonly consumer: Pick<Consumer, "trim">;
  readonly intervalMs: number;
  readonly observe: Observe;
  /** The time in ms since 1970, as in ids. */
  readonly now: () => number;
}

/**
 * Trims stored messages from the log and reports the log's state, at every interval until `signal` is aborted (L12).
 */
export async function runTrimLoop(
  { consumer, intervalMs, observe, now }: TrimLoopDeps,
  signal: AbortSignal,
): Promise<void> {
  const pause = () => sleep(intervalMs, signal);
  let emptyAt: number | undefined;
  for (await pause(); !signal.aborted; await pause()) {
    const state = await tryLogStep(observe, "trim", () => consumer.trim());
    if (state?.backlogEntries === 0) emptyAt = performance.now();
    const sinceEmptyMs = emptyAt === undefined ? undefined : performance.now() - emptyAt;
    if (state) observe({ type: "log-state", state, lagMs: lagMs(state, now(), sinceEmptyMs) });
  }
}
