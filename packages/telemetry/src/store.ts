import { type Logger, metricFactory, type Registry } from "@parley/service";
import { STORE_OPERATIONS, type StoreEvent } from "@parley/store";

/**
 * Returns an observer of the store's events. It counts and logs failures. It also logs the progress of a backfill,
 * and a warning if the data directory belongs to another user. The apps measure their own calls to the store.
 */
export function observeStore(log: Logger, registry: Registry): (event: StoreEvent) => void {
  const failures = metricFactory(registry, "store").counter(
    "failures_total",
    "Store operations that failed or timed out.",
    { operation: STORE_OPERATIONS },
  );
  return (event) => {
    if (event.type === "backfill")
      log.info(event, "backfilling conversation documents for messages of an earlier version");
    if (event.type === "directory-warning") log.warn(event.warning);
    if (event.type !== "failure") return;
    failures.inc({ operation: event.operation });
    log.warn(event, "a store operation failed");
  };
}
