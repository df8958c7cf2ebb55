import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { ChatError } from "@parley/models";
import { pathOf, rejectUpgrade } from "@parley/service";
import { drain } from "./connection/drain.ts";
import type { GatewayOptions } from "./options.ts";
import { createRequestIds } from "./upgrade/request-ids.ts";
import { createEndpoints, createInbound, createOutbound } from "./wiring.ts";

export { type GatewayConfig, gatewayConfig, gatewayFields } from "./config.ts";
export type { GatewayEvent, Observe } from "./events.ts";
export type { IssueToken } from "./http/dev-tokens.ts";
export { revocationRoutes } from "./http/revocation-routes.ts";
export type { GatewayOptions } from "./options.ts";

/** The core of a gateway. Its app connects it to an HTTP server. */
export interface Gateway {
  /** For the server's `upgrade` event. `/ws` becomes a WebSocket; any other path is refused. */
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /**
   * For the server's `request` event. Answers `/ws` without an upgrade (P3), `/send` (P62), `/auth/token` (P60), `/` and
   * the page's files. Any other path gets 404.
   */
  handleRequest(req: IncomingMessage, res: ServerResponse): void;
  /**
   * Accepts no new connections, and closes the existing ones spread over `drainMs` (P41). Resolves when every
   * accepted frame has its answer and every socket has ended, or when the time is up. `close` then ends the
   * connections that remain.
   */
  drain(): Promise<void>;
  /** Ends every connection and timer at once. Then waits for the log's last answers, for a second at most. */
  close(): Promise<void>;
  /** Reasons the gateway isn't ready, shown by `/readyz`. Empty when ready. */
  problems(): string[];
}

/** Longest wait in `close` for the log's last answers, in ms. */
const LAST_ANSWERS_MS = 1_000;

/** Creates a gateway's core. The core doesn't listen on a port and doesn't read the environment. */
export function createGateway(options: GatewayOptions): Gateway {
  const { verifier, config, observe } = options;
  let isStopping = false;
  const outbound = createOutbound(options);
  const inbound = createInbound(options, outbound);
  const endpoints = createEndpoints(options, outbound, inbound, () => isStopping);
  const { upgradeHandler, router, heartbeat, unansweredRequests } = endpoints;
  const nextId = createRequestIds();
  const closing = new AbortController();
  let draining: Promise<void> | undefined;
  heartbeat.start();
  observe({ type: "limits", connections: config.connections.total });

  return {
    handleUpgrade(req, socket, head) {
      // Node removes its own error listener before an upgrade. An error without a listener would end the process.
      if (socket.listenerCount("error") === 0) socket.on("error", ignoreSocketError);
      const id = nextId();
      if (pathOf(req) === "/ws") upgradeHandler.handle(id, req, socket, head);
      else rejectUpgrade(req, socket, new ChatError("not_found"), { requestId: id });
    },
    handleRequest(req, res) {
      router.handle(nextId(), req, res);
    },
    drain() {
      isStopping = true;
      draining ??= drain({
        registry: outbound.registry,
        writeScheduler: outbound.writeScheduler,
        closer: outbound.closer,
        unansweredRequests: () => unansweredRequests.total,
        drainMs: config.drainMs,
        observe,
        signal: closing.signal,
      });
      return draining;
    },
    async close() {
      isStopping = true;
      closing.abort();
      heartbeat.stop();
      outbound.closer.terminateAll("this process has stopped");
      await draining;
      const timeout = pause(LAST_ANSWERS_MS, undefined, { ref: false });
      await Promise.race([
        Promise.all([inbound.messageAppender.flush(), inbound.markGatherer.close()]),
        timeout,
      ]);
    },
    problems() {
      const stopping = isStopping ? "this process is stopping" : undefined;
      const all = [stopping, inbound.appender.problem(), outbound.live.problem(), verifier.problem()];
      return all.filter((problem) => problem !== undefined);
    },
  };
}

/** Ignored: the socket's `close` event follows, and its handler cleans up. */
function ignoreSocketError(): void {
  return;
}
