import { CLOSE } from "@parley/models";
import type { RateLimiter } from "@parley/service";
import type { Observe } from "../events.ts";
import type { ConnectionCloser } from "./closer.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionRegistry } from "./registry.ts";

export interface HeartbeatDeps {
  readonly registry: ConnectionRegistry;
  readonly closer: ConnectionCloser;
  readonly rateLimiters: readonly RateLimiter[];
  /** The number of requests to send without an answer. */
  readonly unansweredRequests: () => number;
  readonly observe: Observe;
  readonly heartbeatMs: number;
  /** Wall clock, ms since 1970: tokens expire by it. */
  readonly wallClock: () => number;
  /** Steady clock, ms. */
  readonly now: () => number;
}

/** Connections are divided into at least this many slots, which spreads their pings over the heartbeat interval. */
const MIN_SLOTS = 25;
/** Longest time between two ticks. An expired token is noticed at most this late, whatever the heartbeat interval. */
const MAX_TICK_MS = 1_000;

/**
 * One timer for everything that depends on time alone, for all connections: pings (P14), expired tokens (P6), and
 * connections that have been leaving for too long. Each tick visits every connection and pings those of one slot.
 */
export class Heartbeat {
  readonly #deps: HeartbeatDeps;
  readonly #slots: number;
  readonly #tickMs: number;
  #timer: NodeJS.Timeout | undefined;
  #currentSlot = 0;
  #lastAssignedSlot = 0;

  constructor(deps: HeartbeatDeps) {
    this.#deps = deps;
    this.#slots = Math.max(MIN_SLOTS, Math.ceil(deps.heartbeatMs / MAX_TICK_MS));
    this.#tickMs = deps.heartbeatMs / this.#slots;
  }

  /**
   * Ticks run in `setImmediate`, after pending socket events. Otherwise a process that was frozen would tick before
   * it has read the pongs that wait, and drop live clients.
   */
  start(): void {
    this.#timer ??= setInterval(() => setImmediate(() => this.#tick()), this.#tickMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Assigns a slot to a new connection. */
  nextSlot(): number {
    this.#lastAssignedSlot = (this.#lastAssignedSlot + 1) % this.#slots;
    return this.#lastAssignedSlot;
  }

  #tick(): void {
    this.#currentSlot = (this.#currentSlot + 1) % this.#slots;
    const { registry, rateLimiters, unansweredRequests, observe, wallClock, now } = this.#deps;
    const wallTime = wallClock();
    const steadyTime = now();
    let pendingBytes = 0;
    for (const connection of registry.connections) {
      pendingBytes += connection.pendingBytes;
      this.#visit(connection, wallTime, steadyTime);
    }
    observe({ type: "load", pendingBytes, unansweredRequests: unansweredRequests() });
    for (const rateLimiter of rateLimiters) rateLimiter.forgetIdleUsers(steadyTime);
  }

  #visit(connection: Connection, wallTime: number, steadyTime: number): void {
    const { closer } = this.#deps;
    const { state } = connection;
    if (state.kind === "leaving") {
      if (steadyTime >= state.until) closer.finishClose(connection);
    } else if (connection.expiresAt <= wallTime) {
      closer.closeAfterAnswers(connection, CLOSE.tokenExpired, "token expired");
    } else if (connection.heartbeatSlot === this.#currentSlot) {
      this.#ping(connection);
    }
  }

  /** Skips connections whose reading is paused: their pongs wait unread. */
  #ping(connection: Connection): void {
    if (connection.isReadingPaused) return;
    if (connection.isAlive) connection.ping();
    else this.#deps.closer.terminate(connection, "no answer to a ping");
  }
}
