import { performance } from "node:perf_hooks";
import { sleep } from "@parley/async";
import { CLOSE, encodeServerFrame } from "@parley/models";
import type { Observe } from "../events.ts";
import { textFrame } from "../outbound/text-frame.ts";
import type { Outbox } from "../outbound/write-scheduler.ts";
import type { Departures } from "./closer.ts";
import type { Connection } from "./connection.ts";
import type { Audiences } from "./registry.ts";

export interface DrainParts {
  readonly audiences: Audiences;
  readonly outbox: Outbox<Connection>;
  readonly departures: Departures;
  readonly drainMs: number;
  readonly observe: Observe;
  /** Aborted when there is no more time. */
  readonly signal: AbortSignal;
}

/** A small room needs no long drain: what matters is how many connect anew in a second. */
const MS_A_CONNECTION = 10;
const STEP_MS = 20;
/** By then all is over, so that the process can end within the 25 s of P41. */
const WHOLE_MS = 23_500;
/** What the last to leave has for its answers and for its half of the closing, where the drain leaves that much. */
const STRAGGLERS_MS = 4_000;

/** Over how long the ends of so many connections are spread, in ms. */
export function spreadOf(connections: number, drainMs: number): number {
  return Math.min(drainMs, WHOLE_MS, Math.max(0, connections - 1) * MS_A_CONNECTION);
}

/**
 * P41: ends every connection, each at a time of its own, which those who speak `chat.v1` are told at once (P40). Until
 * then it goes on as ever; at that time what it sent is answered, and then it is closed. Resolves when every socket
 * is gone, or when those that are left have had their time.
 */
export async function drain(parts: DrainParts): Promise<void> {
  const { audiences, departures, observe, signal } = parts;
  const leavers = [...audiences.everybody];
  const spread = spreadOf(leavers.length, parts.drainMs);
  observe({ type: "draining", connections: leavers.length, overMs: spread });
  const times = leavers.map((connection, index) => {
    const afterMs = Math.round((index * spread) / Math.max(1, leavers.length - 1));
    announce(parts, connection, afterMs);
    return { connection, afterMs };
  });
  const began = performance.now();
  for (const { connection, afterMs } of times) {
    while (performance.now() - began < afterMs && !signal.aborted) await sleep(STEP_MS, signal);
    departures.leave(connection, CLOSE.restart, "this process is stopping");
  }
  const deadline = Math.min(performance.now() + STRAGGLERS_MS, began + WHOLE_MS);
  while (departures.remaining > 0 && performance.now() < deadline && !signal.aborted)
    await sleep(STEP_MS, signal);
}

function announce({ outbox }: DrainParts, connection: Connection, afterMs: number): void {
  if (!connection.isOpen || !connection.speaksChat) return;
  outbox.toOne(connection, textFrame(encodeServerFrame({ type: "reconnect", afterMs })));
}
