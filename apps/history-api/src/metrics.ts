import { CHANGE_KINDS, ERROR_CODES } from "@parley/models";
import { type Logger, metricFactory, type Registry } from "@parley/service";
import { type HistoryEvent, ROUTE_NAMES } from "./events.ts";
import { WAITS } from "./limits/deadline.ts";
import { REFUSALS } from "./limits/fair-budget.ts";
import { LIMIT_NAMES } from "./limits/request-limiter.ts";

/** Returns an observer that writes history-api's events to the process's log and metrics. */
export function observeHistory(log: Logger, registry: Registry): (event: HistoryEvent) => void {
  const metrics = historyMetrics(registry);
  return (event) => {
    count(metrics, event);
    write(log, event);
  };
}

type Metrics = ReturnType<typeof historyMetrics>;

const BOOLEANS = ["false", "true"] as const;
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

function historyMetrics(registry: Registry) {
  const { counter, gauge, histogram } = metricFactory(registry, "history");
  return {
    answers: histogram(
      "answer_seconds",
      "Time from a request to the end of its response. `whole`: a whole conversation, in one response.",
      SECONDS,
      { route: ROUTE_NAMES, whole: BOOLEANS },
    ),
    messages: counter("messages_sent_total", "Messages sent in responses.", { route: ROUTE_NAMES }),
    refused: counter("refused_total", "Requests answered with an error, by error code.", {
      code: ERROR_CODES,
    }),
    cut: counter("cut_total", "Responses cut off by a failure after they had begun (P50)."),
    late: counter(
      "late_total",
      "Requests that weren't answered in time, by what they waited for: token, rate, turn, log, store.",
      { wait: WAITS },
    ),
    abandoned: counter(
      "abandoned_total",
      "Responses that the client left before the end. `slow`: the client read too slowly and was cut off.",
      { slow: BOOLEANS },
    ),
    readAs: counter("read_as_total", "Requests in which an internal service read as a user (P54)."),
    ignored: counter(
      "ignored_parameters_total",
      "Requests with query parameters that their route doesn't know and ignored (P64).",
      { route: ROUTE_NAMES },
    ),
    changes: counter(
      "changes_total",
      "Edits and deletions that were answered with their id, by kind (P73).",
      {
        kind: CHANGE_KINDS,
      },
    ),
    unansweredChanges: gauge("changes_unanswered", "Requests to edit or delete that have no answer yet."),
    limited: counter(
      "limited_total",
      "Requests that a limit refused, by limit. `share`: the bound of the user, of the address, or of all.",
      { limit: LIMIT_NAMES, share: REFUSALS },
    ),
    displaced: counter(
      "displaced_total",
      "Responses cut off because a caller that holds less needed their share, by limit. `waits`: answered early instead.",
      { limit: LIMIT_NAMES },
    ),
    waiting: gauge("reads_waiting", "Requests that wait for their turn to read."),
    streams: gauge("streams", "Whole conversations being sent."),
    feedWaits: gauge("feed_waits", "Requests to /feed that wait for entries (P63)."),
    responseBytes: gauge("response_bytes", "Estimated memory of all responses being read and sent."),
    lost: counter(
      "tail_lost_total",
      "Times the follower lost its place in the log and started again at the watermark.",
    ),
    backlogEntries: gauge("backlog_entries", "Messages in the log that aren't stored yet."),
    backlogBytes: gauge("backlog_bytes", "Size of the unstored messages in the log."),
    lag: gauge("lag_seconds", "Age of the oldest message in the log that isn't stored, or 0."),
    measuredAt: gauge(
      "log_measured_timestamp_seconds",
      "When the backlog and the lag were measured, in seconds since 1970.",
    ),
    tailEntries: gauge("tail_entries", "Messages held from the log's end."),
    refs: counter(
      "refs_total",
      "Refs of pending messages that requests looked up. `from`: memory, or the store.",
      { from: ["memory", "store"] },
    ),
    rememberedRefs: gauge(
      "refs_remembered",
      "Refs of the log's end for which the store's answer is remembered.",
    ),
    tailBytes: gauge("tail_bytes", "Estimated memory of the messages held from the log's end."),
  };
}

function count(metrics: Metrics, event: HistoryEvent): void {
  switch (event.type) {
    case "answered":
      metrics.answers.observe({ route: event.route, whole: `${event.whole}` }, event.ms / 1000);
      metrics.messages.inc({ route: event.route }, event.messages);
      break;
    case "refused":
      if (event.cut) metrics.cut.inc();
      else metrics.refused.inc({ code: event.code });
      break;
    case "late":
      metrics.late.inc({ wait: event.wait });
      break;
    case "abandoned":
      metrics.abandoned.inc({ slow: `${event.slow}` });
      break;
    case "read-as":
      metrics.readAs.inc();
      break;
    case "ignored-parameters":
      metrics.ignored.inc({ route: event.route });
      break;
    case "changed":
      metrics.changes.inc({ kind: event.kind });
      break;
    case "limited":
      metrics.limited.inc({ limit: event.limit, share: event.share });
      break;
    case "displaced":
      metrics.displaced.inc({ limit: event.limit });
      break;
    case "load":
      metrics.waiting.set(event.waiting);
      metrics.streams.set(event.streams);
      metrics.feedWaits.set(event.waits);
      metrics.unansweredChanges.set(event.unansweredChanges);
      metrics.responseBytes.set(event.bytes);
      break;
    case "lost":
      metrics.lost.inc();
      break;
    case "log-state":
      metrics.backlogEntries.set(event.state.backlogEntries);
      metrics.backlogBytes.set(event.state.backlogBytes);
      metrics.lag.set(event.state.lagMs / 1000);
      metrics.measuredAt.setToCurrentTime();
      break;
    case "tail":
      metrics.tailEntries.set(event.entries);
      metrics.tailBytes.set(event.bytes);
      metrics.rememberedRefs.set(event.rememberedRefs);
      break;
    case "refs":
      metrics.refs.inc({ from: "memory" }, event.remembered);
      metrics.refs.inc({ from: "store" }, event.asked);
  }
}

function write(log: Logger, event: HistoryEvent): void {
  switch (event.type) {
    case "tail":
    case "refs":
    case "load":
    case "log-state":
      break;
    case "limited":
    case "displaced":
    case "answered":
    case "abandoned":
    case "late":
    case "refused":
    case "ignored-parameters":
    case "caught-up":
      log.debug(event, event.type);
      break;
    case "origin-refused":
      log.warn(
        { origin: event.origin },
        "pages of this origin aren't allowed; if they are yours, add it to ALLOWED_ORIGINS",
      );
      break;
    case "changed":
      log.debug(event, "a message was changed");
      break;
    case "read-as":
      log.info(event, "an internal service read as a user");
      break;
    case "store-up":
      log.info(event, event.type);
      break;
    case "failure":
      log.error({ request: event.request, err: event.error }, "failure");
      break;
    default:
      log.warn(event, event.type);
  }
}
