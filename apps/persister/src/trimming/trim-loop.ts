import { sleep } from "@parley/async";
import type { Consumer } from "@parley/bus";
import type { Observe } from "../events.ts";
import { tryLogStep } from "../log-step.ts";

export interface TrimLoopDeps {
  readonly consumer: Pick<Consumer, "trim">;
  readonly intervalMs: number;
  readonly observe: Observe;
}

/**
 * Trims stored messages from the log and reports the log's state, at every interval until `signal` is aborted (L12).
 */
export async function runTrimLoop(
  { consumer, intervalMs, observe }: TrimLoopDeps,
  signal: AbortSignal,
): Promise<void> {
  const pause = () => sleep(intervalMs, signal);
  for (await pause(); !signal.aborted; await pause()) {
    const state = await tryLogStep(observe, "trim", () => consumer.trim());
    if (state) observe({ type: "log-state", state });
  }
}
