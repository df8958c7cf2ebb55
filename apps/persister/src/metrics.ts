import { type Logger, metricFactory, type Registry } from "@parley/service";
import { type DeadLetterDecision, LOG_STEPS, type PersisterEvent } from "./events.ts";

type Event = PersisterEvent | DeadLetterDecision;

/** Returns an observer that writes a persister's events to the process's log and metrics. */
export function observePersister(log: Logger, registry: Registry): (event: Event) => void {
  const metrics = persisterMetrics(registry);
  return (event) => {
    count(metrics, event);
    write(log, event);
  };
}

type Metrics = ReturnType<typeof persisterMetrics>;

const OUTCOMES = ["stored", "duplicateOf", "refReused", "idConflict", "failed"] as const;
const CHANGE_OUTCOMES = ["stored", "orphan", "failed"] as const;
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

function persisterMetrics(registry: Registry) {
  const { counter, gauge, histogram } = metricFactory(registry, "persister");
  return {
    insert: histogram("insert_seconds", "Time of each insert that the store answered.", SECONDS),
    change: histogram("change_seconds", "Time of each group of changes that the store answered.", SECONDS),
    batchLimit: gauge(
      "batch_limit",
      "Messages that are inserted together at most: fewer while the store is slow.",
    ),
    settled: counter("messages_settled_total", "Messages settled, by outcome.", { outcome: OUTCOMES }),
    changesSettled: counter("changes_settled_total", "Edits and deletions settled, by outcome.", {
      outcome: CHANGE_OUTCOMES,
    }),
    marks: counter(
      "marks_total",
      "Read marks that were stored, or dropped because there is no such conversation.",
      {
        outcome: ["stored", "dropped"],
      },
    ),
    marksFailed: counter("marks_failed_total", "Times that read marks couldn't be carried to the store."),
    outages: counter(
      "store_outages_total",
      "Attempts that failed because the store was unavailable. Each is retried.",
    ),
    groupsFailed: counter("groups_failed_total", "Groups of messages that the store refused as a whole."),
    refsDropped: counter(
      "refs_dropped_total",
      "Messages stored without their ref, because the ref was taken.",
    ),
    logFailures: counter("log_failures_total", "Steps with the log that failed, by step.", {
      doing: LOG_STEPS,
    }),
    backlogEntries: gauge("backlog_entries", "Messages in the log that aren't stored yet."),
    backlogBytes: gauge("backlog_bytes", "Size of the unstored messages in the log."),
    lag: gauge("lag_seconds", "Age of the oldest message in the log that isn't stored, or 0."),
    lead: gauge("log_ahead_seconds", "Time by which the log's last id is ahead of this process's clock."),
    deadLetters: gauge("dead_letters", "Dead letters that wait for an operator's decision."),
    measuredAt: gauge(
      "log_measured_timestamp_seconds",
      "When the backlog, the lag and the dead letters were measured, in seconds since 1970.",
    ),
    letters: counter("dead_letters_decided_total", "Dead letters that an operator replayed or dropped.", {
      decision: ["replayed", "dropped"],
    }),
  };
}

function count(metrics: Metrics, event: Event): void {
  switch (event.type) {
    case "insert":
      metrics.insert.observe(event.ms / 1000);
      break;
    case "change":
      metrics.change.observe(event.ms / 1000);
      break;
    case "batch-limit":
      metrics.batchLimit.set(event.messages);
      break;
    case "settled":
      for (const outcome of OUTCOMES) metrics.settled.inc({ outcome }, event.messages[outcome] ?? 0);
      for (const outcome of CHANGE_OUTCOMES)
        metrics.changesSettled.inc({ outcome }, event.changes[outcome] ?? 0);
      break;
    case "marks":
      metrics.marks.inc({ outcome: "stored" }, event.stored);
      metrics.marks.inc({ outcome: "dropped" }, event.dropped);
      break;
    case "marks-failed":
      metrics.marksFailed.inc();
      break;
    case "outage":
      metrics.outages.inc();
      break;
    case "group-failed":
      metrics.groupsFailed.inc();
      break;
    case "ref-dropped":
      metrics.refsDropped.inc();
      break;
    case "log-failed":
      metrics.logFailures.inc({ doing: event.doing });
      break;
    case "log-state":
      metrics.backlogEntries.set(event.state.backlogEntries);
      metrics.backlogBytes.set(event.state.backlogBytes);
      metrics.lag.set(event.lagMs / 1000);
      metrics.lead.set(event.leadMs / 1000);
      metrics.deadLetters.set(event.state.deadLetters);
      metrics.measuredAt.setToCurrentTime();
      break;
    case "dead-letter-decided":
      metrics.letters.inc({ decision: event.decision });
  }
}

function write(log: Logger, event: Event): void {
  switch (event.type) {
    case "insert":
    case "change":
    case "batch-limit":
    case "settled":
    case "marks":
    case "log-state":
      log.trace(event, event.type);
      break;
    case "duplicate":
      log.debug(event, "a duplicate was not stored again: the store has it under another id");
      break;
    case "change-early":
      log.debug(event, "a change came before its message was stored: it is delivered again");
      break;
    case "orphan":
      log.warn(event, "a change has no effect, because its message is not in the store");
      break;
    case "recovered":
      log.info(event, "the store answers again");
      break;
    case "log-ahead":
      log.warn(
        event,
        `the log is ${Math.round(event.leadMs / 1000)} s ahead of this clock: check all clocks`,
      );
      break;
    case "log-in-time":
      log.info(event, "the log is no longer ahead of this clock");
      break;
    case "outage":
      log.warn(event, "the store does not answer: repeating what was not stored");
      break;
    case "dead-letter-decided":
      log.warn(event, `a dead letter was ${event.decision}`);
      break;
    default:
      log.warn(event, event.type);
  }
}
