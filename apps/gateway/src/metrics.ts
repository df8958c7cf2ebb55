import { CLOSE, ERROR_CODES } from "@parley/models";
import { type Logger, metricFactory, type Registry } from "@parley/service";
import type { GatewayEvent } from "./events.ts";

/** Returns a listener that logs and counts a gateway's events. Nothing else in the gateway logs or counts. */
export function observeGateway(log: Logger, registry: Registry): (event: GatewayEvent) => void {
  const metrics = gatewayMetrics(registry);
  return (event) => {
    count(metrics, event);
    write(log, event);
  };
}

/** The close codes that have a series of their own: the gateway's, and 1006 for a connection without a close frame. */
const OWN_CLOSE_CODES: ReadonlySet<string> = new Set(["1006", ...Object.values(CLOSE).map(String)]);
const CLOSE_CODES = [...OWN_CLOSE_CODES, "other"];

type Metrics = ReturnType<typeof gatewayMetrics>;

const LATENCY_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

function gatewayMetrics(registry: Registry) {
  const { counter, gauge, histogram } = metricFactory(registry, "gateway");
  const connections = gauge("connections", "Open WebSockets.");
  connections.set(0);
  return {
    connections,
    connectionsLimit: gauge("connections_limit", "WebSockets that may be open at the same time."),
    handshake: histogram(
      "handshake_seconds",
      "Time from an upgrade request to the open WebSocket.",
      LATENCY_SECONDS,
    ),
    ack: histogram(
      "ack_seconds",
      "Time from a message's frame or request to its ack, for each accepted message.",
      LATENCY_SECONDS,
    ),
    delivery: histogram(
      "delivery_seconds",
      "Time from a message's frame until it was written to this gateway's clients, sampled.",
      LATENCY_SECONDS,
    ),
    pendingBytes: gauge("pending_bytes", "Bytes that wait in all sockets for clients to read."),
    unanswered: gauge("requests_unanswered", "Requests to send that have no answer yet."),
    ended: counter("connections_ended_total", "WebSockets that ended, by close code.", { code: CLOSE_CODES }),
    refused: counter("refused_total", "Upgrades and requests refused, by error code.", { code: ERROR_CODES }),
    framesRefused: counter("frames_refused_total", "Frames answered with an error, by error code.", {
      code: ERROR_CODES,
    }),
    rateLimited: counter(
      "rate_limited_total",
      "Frames refused by a user's rate of `frames` or `bytes`, and times that `reading` from a user was paused or refused.",
      { limit: ["frames", "bytes", "reading"] },
    ),
    accepted: counter("messages_accepted_total", "Messages appended to the log."),
    posted: counter(
      "messages_posted_total",
      "Messages accepted over `POST /send`. `as`: sent as another user.",
      {
        as: ["false", "true"],
      },
    ),
    failed: counter("messages_failed_total", "Messages that failed to be appended, by error code.", {
      code: ERROR_CODES,
    }),
    append: histogram(
      "append_seconds",
      "Time from sending a batch of messages to the log to its answer.",
      LATENCY_SECONDS,
    ),
    flush: histogram(
      "flush_seconds",
      "Time spent in writes, per pass over all sockets or turn of direct writes.",
      LATENCY_SECONDS,
    ),
    writes: counter("writes_total", "Writes to sockets, one per connection and flush."),
    tooSlow: counter("too_slow_total", "Connections closed because they read too slowly (4002)."),
    heldBack: counter(
      "held_back_total",
      "Times that reading from a connection was paused until its messages were answered.",
    ),
    marks: counter(
      "marks_total",
      "Read marks that were given to the log, and those that failed and were kept.",
      {
        outcome: ["raised", "failed"],
      },
    ),
    marksWaiting: gauge("marks_waiting", "Read marks that wait to be given to the log."),
    gaps: counter("gaps_total", "Gaps in the live stream, after which clients were told to sync."),
    tokens: counter("tokens_issued_total", "Development tokens issued."),
  };
}

/** Returns the label of a close code. A client chooses its close code, so it could make thousands of series. */
function closeCodeLabel(code: number): string {
  return OWN_CLOSE_CODES.has(String(code)) ? String(code) : "other";
}

function count(metrics: Metrics, event: GatewayEvent): void {
  switch (event.type) {
    case "connected":
      metrics.connections.inc();
      metrics.handshake.observe(event.ms / 1000);
      break;
    case "disconnected":
      metrics.connections.dec();
      metrics.ended.inc({ code: closeCodeLabel(event.code) });
      break;
    case "refused":
      metrics.refused.inc({ code: event.code });
      break;
    case "frame-refused":
      metrics.framesRefused.inc({ code: event.code });
      if (event.limit) metrics.rateLimited.inc({ limit: event.limit });
      break;
    case "throttled":
      metrics.rateLimited.inc({ limit: "reading" });
      break;
    case "posted":
      metrics.posted.inc({ as: `${event.as !== undefined}` });
      break;
    case "sent":
      metrics.append.observe(event.ms / 1000);
      metrics.accepted.inc(event.ackMs.length);
      for (const ms of event.ackMs) metrics.ack.observe(ms / 1000);
      for (const code of ERROR_CODES)
        if (event.failed[code]) metrics.failed.inc({ code }, event.failed[code]);
      break;
    case "flush":
      metrics.flush.observe(event.ms / 1000);
      metrics.writes.inc(event.subscribers);
      break;
    case "delivered":
      metrics.delivery.observe(event.ms / 1000);
      break;
    case "limits":
      metrics.connectionsLimit.set(event.connections);
      break;
    case "load":
      metrics.pendingBytes.set(event.pendingBytes);
      metrics.unanswered.set(event.unansweredRequests);
      break;
    case "marks":
      metrics.marks.inc({ outcome: "raised" }, event.raised);
      metrics.marks.inc({ outcome: "failed" }, event.failed);
      metrics.marksWaiting.set(event.waiting);
      break;
    case "too-slow":
      metrics.tooSlow.inc();
      break;
    case "held-back":
      metrics.heldBack.inc();
      break;
    case "gap":
      metrics.gaps.inc();
      break;
    case "token-issued":
      metrics.tokens.inc();
  }
}

function write(log: Logger, event: GatewayEvent): void {
  switch (event.type) {
    case "failure":
      log.error({ request: event.request, err: event.error }, "failure");
      break;
    case "gap":
      log.warn(event, event.type);
      break;
    case "origin-refused":
      log.warn(
        { origin: event.origin },
        "pages of this origin aren't allowed; if they are yours, add it to ALLOWED_ORIGINS",
      );
      break;
    case "posted":
      if (event.as === undefined) log.debug(event, event.type);
      else log.info(event, "an internal service sent as a user");
      break;
    case "revoked":
      log.warn(event, "an operator revoked tokens of a user, or blocked the user");
      break;
    case "allowed-again":
      log.warn(event, "an operator ended what was revoked of a user");
      break;
    case "draining":
    case "too-slow":
      log.info(event, event.type);
      break;
    case "refused":
    case "connected":
    case "disconnected":
    case "frame-refused":
    case "throttled":
    case "held-back":
    case "token-issued":
      log.debug(event, event.type);
  }
}
