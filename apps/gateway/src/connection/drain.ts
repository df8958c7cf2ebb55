import { performance } from "node:perf_hooks";
import { sleep } from "@parley/async";
import { CLOSE, encodeServerFrame } from "@parley/models";
import type { Observe } from "../events.ts";
import { textFrame } from "../outbound/text-frame.ts";
import type { WriteScheduler } from "../outbound/write-scheduler.ts";
import type { ConnectionCloser } from "./closer.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionRegistry } from "./registry.ts";

export interface DrainDeps {
  readonly registry: ConnectionRegistry;
  readonly writeScheduler: WriteScheduler<Connection>;
  readonly closer: ConnectionCloser;
  /** The number of requests to send without an answer. */
  readonly unansweredRequests: () => number;
  readonly drainMs: number;
  readonly observe: Observe;
  /** Aborted by the gateway's `close`. Ends the drain early. */
  readonly signal: AbortSignal;
}

/**
 * Time between two closes, at most. It bounds the rate at which clients reconnect elsewhere, and a gateway with few
 * connections drains quickly.
 */
const MS_PER_CONNECTION = 10;
const POLL_MS = 20;
/** Upper bound for the whole drain, so that the process exits within the 25 s of P41. */
const MAX_TOTAL_MS = 23_500;
/** Time for the last connections to get their answers and to finish the closing handshake. Part of `MAX_TOTAL_MS`. */
const LAST_CLOSE_MS = 4_000;

/** Returns the time, in ms, over which the closing of this many connections is spread. */
export function spreadOf(connections: number, drainMs: number): number {
  return Math.min(drainMs, MAX_TOTAL_MS, Math.max(0, connections - 1) * MS_PER_CONNECTION);
}

/**
 * Closes every connection, each at its own time, so that clients don't all reconnect at once (P41). Clients that
 * speak `chat.v1` are told the time in advance (P40). Until that time a connection works as before. Then the gateway
 * answers its accepted frames and closes it.
 *
 * Resolves when every socket has ended and every request to send has its answer (P62), or when the time for the remaining
 * ones is up.
 */
export async function drain(deps: DrainDeps): Promise<void> {
  const { registry, closer, unansweredRequests, observe, signal } = deps;
  const connections = [...registry.connections];
  const spread = spreadOf(connections.length, deps.drainMs);
  observe({ type: "draining", connections: connections.length, overMs: spread });
  const schedule = connections.map((connection, index) => {
    const afterMs = Math.round((index * spread) / Math.max(1, connections.length - 1));
    announce(deps, connection, afterMs);
    return { connection, afterMs };
  });
  const startedAt = performance.now();
  for (const { connection, afterMs } of schedule) {
    while (performance.now() - startedAt < afterMs && !signal.aborted) await sleep(POLL_MS, signal);
    closer.closeAfterAnswers(connection, CLOSE.restart, "this process is stopping");
  }
  const deadline = Math.min(performance.now() + LAST_CLOSE_MS, startedAt + MAX_TOTAL_MS);
  const isBusy = () => closer.remaining > 0 || unansweredRequests() > 0;
  while (isBusy() && performance.now() < deadline && !signal.aborted) await sleep(POLL_MS, signal);
}

function announce({ writeScheduler }: DrainDeps, connection: Connection, afterMs: number): void {
  if (!connection.isOpen || !connection.speaksChat) return;
  writeScheduler.sendTo(connection, textFrame(encodeServerFrame({ type: "reconnect", afterMs })));
}
