import { sleep } from "@parley/async";
import { reasonOf } from "../errors.ts";
import type { Observe } from "../events.ts";
import type { MarkCarrier } from "./mark-carrier.ts";

export interface MarkLoopDeps {
  readonly carrier: Pick<MarkCarrier, "carry">;
  readonly intervalMs: number;
  readonly observe: Observe;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
}

/**
 * Carries read marks about once per interval until `signal` is aborted, and then once more, because a log in memory keeps
 * none (L27). A failure is reported, and the next round repeats everything. The interval varies, so that several persisters rarely carry the same marks.
 */
export async function runMarkLoop(
  { carrier, intervalMs, observe, random }: MarkLoopDeps,
  signal: AbortSignal,
): Promise<void> {
  const pause = () => sleep(intervalMs * (0.5 + random()), signal);
  while (!signal.aborted) {
    await pause();
    try {
      await carrier.carry(signal);
    } catch (error) {
      observe({ type: "marks-failed", reason: reasonOf(error) });
    }
  }
}
