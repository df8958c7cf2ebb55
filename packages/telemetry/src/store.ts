import { type Logger, metricFactory, type Registry } from "@parley/service";
import { STORE_OPERATIONS, type StoreEvent } from "@parley/store";

/** Time between two log lines about the progress of a backfill, in ms. */
const PROGRESS_EVERY_MS = 5_000;

/**
 * Returns an observer of the store's events. It counts and logs failures and the progress of a backfill. It also logs a
 * warning if the data directory belongs to another user. The apps measure their own calls to the store.
 */
export function observeStore(log: Logger, registry: Registry): (event: StoreEvent) => void {
  const { counter, gauge } = metricFactory(registry, "store");
  const failures = counter("failures_total", "Store operations that failed or timed out.", {
    operation: STORE_OPERATIONS,
  });
  const backfilled = gauge(
    "backfill_messages",
    "Messages of earlier versions that the current or last backfill of this process has read.",
    ["subject"],
  );
  let nextProgressAt = 0;
  return (event) => {
    if (event.type === "backfill") {
      backfilled.set({ subject: event.subject }, event.messages);
      if (!event.done && event.ms < nextProgressAt) return;
      nextProgressAt = event.done ? 0 : event.ms + PROGRESS_EVERY_MS;
      log.info(event, `adding ${event.subject} to messages of an earlier version`);
    }
    if (event.type === "directory-warning") log.warn(event.warning);
    if (event.type !== "failure") return;
    failures.inc({ operation: event.operation });
    log.warn(event, "a store operation failed");
  };
}
