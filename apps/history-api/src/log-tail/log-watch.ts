import { sleep } from "@parley/async";
import type { LogTail } from "@parley/bus";
import type { Observe } from "../events.ts";

const INTERVAL_MS = 1_000;

/**
 * Reports the log's state about once a second until `signal` is aborted, so that operators see the lag even while no
 * persister runs. A failed read reports nothing: the follower reports that the log can't be read, and the time of the
 * last measurement stays as it was.
 */
export async function watchLog(
  tail: Pick<LogTail, "state">,
  observe: Observe,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const state = await tail.state().catch(() => undefined);
    if (state) observe({ type: "log-state", state });
    await sleep(INTERVAL_MS, signal);
  }
}
