import { type BackoffLimits, backoffMs, sleep } from "@parley/async";
import type { Store } from "@parley/store";
import { reasonOf } from "../errors.ts";
import type { Observe } from "../events.ts";

export interface UpgradeDeps {
  readonly store: Pick<Store, "upgrade">;
  readonly retry: BackoffLimits;
  readonly observe: Observe;
}

/**
 * Completes what the store has of earlier versions, beside the storing of messages. Retries any failure until `signal` is
 * aborted: each attempt continues where the last one ended.
 */
export async function runUpgrade({ store, retry, observe }: UpgradeDeps, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      return await store.upgrade(signal);
    } catch (error) {
      if (signal.aborted) return;
      const retryInMs = backoffMs(attempt, retry);
      observe({ type: "upgrade-failed", attempt, retryInMs, reason: reasonOf(error) });
      await sleep(retryInMs, signal);
    }
  }
}
