import { type Logger, metricFactory, type Registry } from "@parley/service";
import type { StoreEvent } from "@parley/store";

/** Connects the store's failures to the process' log and metrics, and tells a backfill's progress; its calls are counted by who makes them. */
export function observeStore(log: Logger, registry: Registry): (event: StoreEvent) => void {
  const failures = metricFactory(registry, "store").counter(
    "failures_total",
    "Operations that the store did not answer.",
    ["operation"],
  );
  return (event) => {
    if (event.type === "backfill") log.info(event, "conversations of an earlier version get their documents");
    if (event.type !== "failure") return;
    failures.inc({ operation: event.operation });
    log.warn(event, "the store does not answer");
  };
}
