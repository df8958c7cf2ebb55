import type { Logger } from "../../logging/logger.ts";
import { metricFactory, type Registry } from "../../metrics.ts";
import type { SocketLimits } from "./socket-limiter.ts";

/** Events of one HTTP server. They never hold anything that a client sent. */
export type HttpEvent =
  /** A socket was accepted, or one has ended. `open` is the number of sockets, WebSockets included. */
  | { readonly type: "sockets"; readonly open: number }
  /** A new socket was closed at once. `full`: the server has no place left. `address`: its address has none left. */
  | { readonly type: "refused"; readonly reason: "full" | "address" }
  /** An idle socket was closed to make room for a new one. */
  | { readonly type: "evicted" }
  /** A connection was closed because too many requests waited behind an unanswered one. */
  | { readonly type: "pipelining" }
  /** A connection was closed because a request's body came in too many pieces. */
  | { readonly type: "pieces" }
  /** The first request of a connection waits, because its client's address has opened many connections. */
  | { readonly type: "waits" }
  /** A refusal was held back, because its client's address gets many. */
  | { readonly type: "held-back" }
  /** The system couldn't accept a connection. */
  | { readonly type: "accept-failed"; readonly error: unknown }
  /** A handler failed unexpectedly. Its client got the error `internal`, or its connection was closed. */
  | { readonly type: "failure"; readonly error: unknown };

/** Receives the events of one HTTP server. */
export type ObserveHttp = (event: HttpEvent) => void;

/** The servers of a process: `public` listens on PORT, `admin` on ADMIN_PORT. */
const SERVERS = ["public", "admin"] as const;

export interface ObservedServer {
  readonly server: (typeof SERVERS)[number];
  readonly limits: Pick<SocketLimits, "total">;
}

/** Returns an observer that writes the events of one server to the process's log and metrics. */
export function observeHttp(
  log: Logger,
  registry: Registry,
  { server, limits }: ObservedServer,
): ObserveHttp {
  const { sockets, socketsLimit, refused, closed, waits, heldBack } = metricsOf(registry);
  sockets.set({ server }, 0);
  socketsLimit.set({ server }, limits.total);
  return (event) => {
    switch (event.type) {
      case "sockets":
        sockets.set({ server }, event.open);
        break;
      case "refused":
        refused.inc({ server, reason: event.reason });
        break;
      case "waits":
        waits.inc({ server });
        break;
      case "held-back":
        heldBack.inc({ server });
        break;
      case "accept-failed":
        refused.inc({ server, reason: "accept_failed" });
        log.warn({ server, err: event.error }, "a connection could not be accepted");
        break;
      case "failure":
        closed.inc({ server, reason: event.type });
        log.error({ server, err: event.error }, "a request failed unexpectedly");
        break;
      default:
        closed.inc({ server, reason: event.type });
    }
  };
}

/** The metrics of each registry. All servers of a process share them. */
const metrics = new WeakMap<Registry, ReturnType<typeof createMetrics>>();

function metricsOf(registry: Registry): ReturnType<typeof createMetrics> {
  const created = metrics.get(registry) ?? createMetrics(registry);
  metrics.set(registry, created);
  return created;
}

function createMetrics(registry: Registry) {
  const { counter, gauge } = metricFactory(registry, "http");
  return {
    sockets: gauge("sockets", "Accepted sockets that are open, WebSockets included.", ["server"]),
    socketsLimit: gauge("sockets_limit", "Sockets that may be open at the same time.", ["server"]),
    refused: counter("sockets_refused_total", "Sockets closed at accept, by reason.", {
      server: SERVERS,
      reason: ["full", "address", "accept_failed"],
    }),
    closed: counter("sockets_closed_total", "Sockets closed by the server's own decision, by reason.", {
      server: SERVERS,
      reason: ["evicted", "pipelining", "pieces", "failure"],
    }),
    waits: counter(
      "first_requests_waited_total",
      "First requests of connections that waited, because their client's address opened many connections at once.",
      { server: SERVERS },
    ),
    heldBack: counter(
      "refusals_held_back_total",
      "Refusals that were sent later, because their client's address got too many of them.",
      { server: SERVERS },
    ),
  };
}
