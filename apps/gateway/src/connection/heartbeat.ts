import { CLOSE } from "@parley/models";
import type { RateLimits } from "../inbound/rate-limiter.ts";
import type { Departures } from "./closer.ts";
import type { Connection } from "./connection.ts";
import type { Audiences } from "./registry.ts";

export interface SweepParts {
  readonly audiences: Audiences;
  readonly departures: Departures;
  readonly rates: RateLimits;
  readonly heartbeatMs: number;
  /** Ms since 1970, as tokens count. */
  readonly wallClock: () => number;
  /** Ms of a steady clock. */
  readonly now: () => number;
}

/** Into how many parts the connections are divided, so that pings are spread over the heartbeat's time. */
const SLOTS = 25;
/** A token's end is noticed at most this late, however slow the heartbeat is. */
const MAX_TICK_MS = 1_000;

/** What time alone brings about, for all connections, in one timer: pings (P14), ends of tokens (P6), late leavers. */
export class Sweep {
  readonly #parts: SweepParts;
  readonly #slots: number;
  readonly #tickMs: number;
  #timer: NodeJS.Timeout | undefined;
  #tick = 0;
  #nextSlot = 0;

  constructor(parts: SweepParts) {
    this.#parts = parts;
    this.#slots = Math.max(SLOTS, Math.ceil(parts.heartbeatMs / MAX_TICK_MS));
    this.#tickMs = parts.heartbeatMs / this.#slots;
  }

  /** Each tick after what the sockets have to say: a process that stood still must not find its clients dead. */
  start(): void {
    this.#timer ??= setInterval(() => setImmediate(() => this.tick()), this.#tickMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Where a new connection belongs, for its pings. */
  slot(): number {
    this.#nextSlot = (this.#nextSlot + 1) % this.#slots;
    return this.#nextSlot;
  }

  tick(): void {
    this.#tick = (this.#tick + 1) % this.#slots;
    const { audiences, rates, wallClock, now } = this.#parts;
    const time = wallClock();
    const steady = now();
    for (const connection of audiences.everybody) this.#visit(connection, time, steady);
    if (this.#tick === 0) rates.sweep(steady);
  }

  #visit(connection: Connection, time: number, steady: number): void {
    const { departures } = this.#parts;
    const { phase } = connection;
    if (phase.kind === "leaving") {
      if (steady >= phase.until) departures.settled(connection);
    } else if (connection.expiresAt <= time) {
      departures.leave(connection, CLOSE.tokenExpired, "token expired");
    } else if (connection.slot === this.#tick) {
      this.#ping(connection);
    }
  }

  /** One whose socket is not read for now cannot be heard to answer. */
  #ping(connection: Connection): void {
    if (connection.ws.isPaused) return;
    if (!connection.isAlive) {
      this.#parts.departures.cut(connection, "no answer to a ping");
      return;
    }
    connection.isAlive = false;
    connection.ws.ping();
  }
}
