import type { BusEvent } from "@parley/bus";
import { type Logger, metricFactory, type Registry } from "@parley/service";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Connects the events of the log's roles to the process' log and metrics. */
export function observeBus(log: Logger, registry: Registry): (event: BusEvent) => void {
  const metrics = busMetrics(registry);
  return (event) => {
    count(metrics, event);
    write(log, event);
  };
}

type Metrics = ReturnType<typeof busMetrics>;

function busMetrics(registry: Registry) {
  const { counter, gauge, histogram } = metricFactory(registry, "bus");
  return {
    connected: gauge("connected", "Whether the connection of a role is up.", ["role"]),
    append: histogram("append_seconds", "One call that appends to the log.", SECONDS),
    drafts: counter("drafts_total", "Drafts given to the log, by what became of them.", ["outcome"]),
    refs: gauge("refs", "Refs that the log remembers, as the last call that appended found them."),
    repaired: counter(
      "repaired_messages_total",
      "Live messages read from the log after an interruption.",
      [],
    ),
    entries: counter(
      "entries_total",
      "Entries of the log: trimmed, claimed from another consumer, moved to the dead letters, of a newer format, appended again after an id conflict.",
      ["what"],
    ),
  };
}

function count({ connected, append, drafts, refs, repaired, entries }: Metrics, event: BusEvent): void {
  switch (event.type) {
    case "connection":
      connected.set({ role: event.role }, event.up ? 1 : 0);
      break;
    case "append":
      append.observe(event.ms / 1000);
      if (event.refs !== undefined) refs.set(event.refs);
      drafts.inc({ outcome: "duplicate" }, event.duplicates);
      drafts.inc({ outcome: "refused" }, event.refused);
      drafts.inc({ outcome: "unknown" }, event.unknown);
      drafts.inc({ outcome: "added" }, event.drafts - event.duplicates - event.refused - event.unknown);
      break;
    case "repair":
      repaired.inc(event.messages);
      break;
    case "trim":
    case "claim":
      entries.inc({ what: event.type }, event.entries);
      break;
    case "dead-letter":
    case "newer-format":
    case "id-conflict":
      entries.inc({ what: event.type });
  }
}

function write(log: Logger, event: BusEvent): void {
  switch (event.type) {
    case "append":
    case "trim":
      break;
    case "connection":
      if (event.up) log.info(event, "connected to the log");
      else if (event.reason === "closed") log.debug(event, "let go of the log");
      else log.warn(event, "lost the log");
      break;
    case "repair":
      log.warn(event, "the live stream was interrupted and is whole again");
      break;
    case "claim":
      log.info(event, "took over from another consumer");
      break;
    case "log-created":
      log.warn(event, "made a new log");
      break;
    case "warning":
      log.warn(event.text);
      break;
    default:
      log.warn(event, event.type);
  }
}
