import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { ChatError } from "@parley/models";
import { pathOf, rejectUpgrade } from "@parley/service";
import { drain } from "./connection/drain.ts";
import type { GatewayOptions } from "./options.ts";
import { createRequestIds } from "./upgrade/request-ids.ts";
import { doorParts, incomingParts, outgoingParts } from "./wiring.ts";

export { type GatewayConfig, gatewayConfig, gatewayFields } from "./config.ts";
export type { GatewayEvent, Observe } from "./events.ts";
export type { IssueToken } from "./http/dev-tokens.ts";
export type { GatewayOptions } from "./options.ts";

export interface Gateway {
  /** For the `upgrade` event of an HTTP server: /ws becomes a WebSocket, anything else is refused. */
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** For the `request` event: /ws without an upgrade (P3), /auth/token (P60), the page, / and 404 for the rest. */
  handleRequest(req: IncomingMessage, res: ServerResponse): void;
  /**
   * P41: takes no new connections, lets those there are go in a spread, and resolves when all that was accepted has
   * been answered and every client has left, or its time is over. What is left then is for `close`.
   */
  drain(): Promise<void>;
  /** Ends every connection now, and every timer. What was accepted has then been answered for, or had its time. */
  close(): Promise<void>;
  /** What keeps clients from being served at this moment, in words for an operator; empty when ready. */
  problems(): string[];
}

/** What the log may still take to answer when every client is gone, in ms. */
const LAST_ANSWERS_MS = 1_000;

/** A core: it listens on nothing and reads no environment. Times and sizes are the config's. */
export function createGateway(options: GatewayOptions): Gateway {
  const { verifier, config, observe } = options;
  let draining: Promise<void> | undefined;
  let isStopping = false;
  const closing = new AbortController();
  const outgoing = outgoingParts(options);
  const incoming = incomingParts(options, outgoing);
  const { handshakes, requests, sweep } = doorParts(options, outgoing, incoming, () => isStopping);
  const nextId = createRequestIds();
  sweep.start();

  return {
    handleUpgrade(req, socket, head) {
      // Node has taken its own listener away, and an error that nobody listens for ends the process.
      socket.on("error", ignoreSocketError);
      const id = nextId();
      if (pathOf(req) === "/ws") handshakes.upgrade(id, req, socket, head);
      else rejectUpgrade(socket, new ChatError("not_found"), { requestId: id });
    },
    handleRequest(req, res) {
      requests.handle(nextId(), req, res);
    },
    drain() {
      isStopping = true;
      draining ??= drain({ ...outgoing, drainMs: config.drainMs, signal: closing.signal, observe });
      return draining;
    },
    async close() {
      isStopping = true;
      closing.abort();
      sweep.stop();
      outgoing.departures.cutAll("this process has stopped");
      await draining;
      await Promise.race([incoming.sends.idle(), pause(LAST_ANSWERS_MS, undefined, { ref: false })]);
    },
    problems() {
      const stopping = isStopping ? "this process is stopping" : undefined;
      const all = [stopping, incoming.append.problem(), outgoing.live.problem(), verifier.problem()];
      return all.filter((problem) => problem !== undefined);
    },
  };
}

/** Ignored: the socket's `close` event follows, and cleans up. */
function ignoreSocketError(): void {
  return;
}
