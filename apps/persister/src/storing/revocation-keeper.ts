import { type BackoffLimits, backoffMs, raceAbort, sleep } from "@parley/async";
import type { Revocations } from "@parley/bus";
import { RevocationSet } from "@parley/models";
import type { Store } from "@parley/store";
import { reasonOf } from "../errors.ts";
import type { Observe } from "../events.ts";

export interface RevocationKeeperDeps {
  readonly revocations: Pick<Revocations, "entries" | "onChange">;
  readonly store: Pick<Store, "revocations">;
  readonly retry: BackoffLimits;
  readonly observe: Observe;
}

/**
 * Keeps the log's revocations in the store, so that they survive the log (L26). Writes only what it hasn't written yet.
 * Retries any failure until `signal` is aborted.
 */
export async function runRevocationKeeper(
  { revocations, store, retry, observe }: RevocationKeeperDeps,
  signal: AbortSignal,
): Promise<void> {
  const kept = new RevocationSet();
  let changed = Promise.withResolvers<void>();
  revocations.onChange(() => changed.resolve());
  for (let attempt = 1; !signal.aborted; ) {
    changed = Promise.withResolvers();
    const entries = kept.newerOf(revocations.entries());
    try {
      if (entries.length > 0) await store.revocations.keep(entries);
      kept.merge(entries);
      attempt = 1;
      await raceAbort(changed.promise, signal).catch(() => undefined);
    } catch (error) {
      const retryInMs = backoffMs(attempt, retry);
      observe({ type: "revocations-not-kept", attempt, retryInMs, reason: reasonOf(error) });
      attempt += 1;
      await sleep(retryInMs, signal);
    }
  }
}
