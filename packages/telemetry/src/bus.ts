import type { BusEvent } from "@parley/bus";
import { type Logger, metricFactory, type Registry } from "@parley/service";

/** Upper bounds of the buckets of `append_seconds`, in seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Returns an observer that writes the bus' events to the process' log and metrics. */
export function observeBus(log: Logger, registry: Registry): (event: BusEvent) => void {
  const metrics = busMetrics(registry);
  return (event) => {
    countEvent(metrics, event);
    logEvent(log, event);
  };
}

type Metrics = ReturnType<typeof busMetrics>;

function busMetrics(registry: Registry) {
  const { counter, gauge, histogram } = metricFactory(registry, "bus");
  return {
    connected: gauge("connected", "1 if the connection of this role is up, otherwise 0.", ["role"]),
    append: histogram("append_seconds", "Duration of one call that appends to the log.", BUCKETS),
    drafts: counter("drafts_total", "Drafts sent to the log, by outcome.", {
      outcome: ["added", "duplicate", "refused", "unknown"],
    }),
    refs: gauge("refs", "Refs that the log remembers, as of the last call that appended."),
    refsLimit: gauge("refs_limit", "Refs that the log may remember."),
    entriesLimit: gauge("backlog_entries_limit", "Messages that may wait in the log to be stored."),
    bytesLimit: gauge("backlog_bytes_limit", "Size that the unstored messages in the log may have."),
    created: counter("logs_created_total", "Logs created, or raised above the store, which replaces a log.", {
      how: ["created", "raised"],
    }),
    repairs: counter("repairs_total", "Interruptions of the live stream that were repaired from the log."),
    overShare: counter(
      "over_share_total",
      "Drafts refused because their sender has its share of the backlog, the refs or the gateway's queue, and read marks refused because their user has its share of these.",
      { of: ["backlog", "refs", "queue", "marks"] },
    ),
    marks: counter(
      "marks_total",
      "Read marks raised, and those refused because too many of all users or of one wait to be stored.",
      {
        outcome: ["kept", "full"],
      },
    ),
    unstoredMarks: gauge(
      "unstored_marks",
      "Read marks that wait to be stored, as of the last that were raised.",
    ),
    repaired: counter(
      "repaired_messages_total",
      "Messages read from the log to fill holes in the live stream.",
    ),
    revocations: gauge(
      "revocations",
      "Entries about revoked tokens and blocked users that this process knows.",
    ),
    revocationsLimit: gauge(
      "revocations_limit",
      "Entries about revoked tokens and blocked users that the log may have.",
    ),
    entries: counter(
      "entries_total",
      "Log entries that were trimmed, claimed from another consumer, moved to the dead letters, found in a newer format, or appended again after an id conflict.",
      { what: ["trim", "claim", "dead-letter", "newer-format", "id-conflict"] },
    ),
  };
}

function countEvent(metrics: Metrics, event: BusEvent): void {
  const { connected, append, drafts, refs, overShare, repaired, repairs, created, entries } = metrics;
  switch (event.type) {
    case "connecting":
      connected.set({ role: event.role }, 0);
      break;
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
    case "over-share":
      overShare.inc({ of: event.of }, event.drafts);
      break;
    case "marks":
      metrics.marks.inc({ outcome: "kept" }, event.marks - event.full);
      metrics.marks.inc({ outcome: "full" }, event.full);
      metrics.unstoredMarks.set(event.unstored);
      break;
    case "repair":
      repairs.inc();
      repaired.inc(event.messages);
      break;
    case "log-created":
      created.inc({ how: "created" });
      break;
    case "log-raised":
      created.inc({ how: "raised" });
      break;
    case "limits":
      metrics.entriesLimit.set(event.backlogEntries);
      metrics.bytesLimit.set(event.backlogBytes);
      if (event.refs !== undefined) metrics.refsLimit.set(event.refs);
      break;
    case "revocations":
      metrics.revocations.set(event.entries);
      metrics.revocationsLimit.set(event.limit);
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

function logEvent(log: Logger, event: BusEvent): void {
  switch (event.type) {
    case "append":
    case "connecting":
    case "limits":
    case "marks":
    case "over-share":
    case "revocations":
    case "trim":
      break;
    case "revocations-restored":
      log.warn(event, "the log had lost revocations, and they were written back");
      break;
    case "connection":
      if (event.up) log.info(event, "connected to the log");
      else if (event.reason === "closed") log.debug(event, "closed the connection to the log");
      else log.warn(event, "lost the connection to the log");
      break;
    case "repair":
      log.warn(event, "the live stream was interrupted and has been repaired");
      break;
    case "claim":
      log.info(event, "took over entries from another consumer");
      break;
    case "log-created":
      log.warn(event, "created a new log");
      break;
    case "log-moved":
      log.warn(event, "moved the log from its former names to its present ones");
      break;
    case "log-format":
      log.warn(event, `the log had format ${event.from} and has format ${event.to} now`);
      break;
    case "log-raised":
      log.warn(
        event,
        "the log's end was below the store: the log counts as replaced, and continues above the store",
      );
      break;
    case "warning":
      log.warn(event.text);
      break;
    default:
      log.warn(event, event.type);
  }
}
