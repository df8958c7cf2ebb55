import type { RateLimiter } from "@parley/service";
import { type Connection, PAUSE } from "../connection/connection.ts";
import type { ConnectionRegistry } from "../connection/registry.ts";
import type { Observe } from "../events.ts";
import { CoalescingTimer } from "../outbound/coalescing-timer.ts";

export interface ReadThrottleDeps {
  readonly rateLimiter: RateLimiter;
  readonly registry: ConnectionRegistry;
  readonly observe: Observe;
  /** Steady clock, ms. */
  readonly now: () => number;
}

/**
 * Handling a chunk, however small, takes a read and a call of each listener: about as much as parsing this many
 * bytes.
 */
const CHUNK_COST = 2_048;
/** A frame, however empty, costs about as much as parsing this many bytes. */
const FRAME_COST = 128;
const TICK_MS = 50;
/** Fraction of a user's paused connections that is resumed in one tick. */
const RESUME_FRACTION = 1 / 8;

/**
 * Limits how fast the gateway reads from a user, whatever arrives: data, pings, pongs, fragments, or single bytes
 * (P32, G5). Bytes are charged as they come from the socket, before ws parses them, in every phase of a connection.
 *
 * When a user exceeds the limit, reading from all the user's connections is paused until the limit permits more. TCP
 * then slows the client. All are paused at once, because otherwise each would bring one more chunk. They are resumed
 * one after the other, and the connection that brought the last chunk is resumed last. So a connection that floods
 * can't keep the user's other connections from being read.
 */
export class ReadThrottle {
  readonly #deps: ReadThrottleDeps;
  /** Paused connections by user, in the order in which they are resumed. */
  readonly #paused = new Map<string, Set<Connection>>();
  readonly #timer = new CoalescingTimer(() => this.#resumeConnections());

  constructor(deps: ReadThrottleDeps) {
    this.#deps = deps;
  }

  /**
   * Pauses a new connection if its user has exceeded the limit. Otherwise each reconnect would get one more chunk
   * read.
   */
  start(connection: Connection): void {
    const { rateLimiter, now } = this.#deps;
    if (rateLimiter.aheadMs(connection.user, now()) > 0) this.#pauseUser(connection);
  }

  /** Charges a chunk that has just arrived, before ws parses it. */
  charge(connection: Connection, chunk: Buffer): void {
    const { rateLimiter } = this.#deps;
    if (!rateLimiter.isLimited) return;
    const cost = CHUNK_COST + chunk.length + FRAME_COST * connection.frameCounter.count(chunk);
    const aheadMs = rateLimiter.chargeReading(connection.user, cost, connection.activeAt);
    if (aheadMs > 0) this.#pauseUser(connection);
  }

  /** Forgets a connection whose socket has ended. */
  end(connection: Connection): void {
    const paused = this.#paused.get(connection.user);
    if (paused?.delete(connection) && paused.size === 0) this.#paused.delete(connection.user);
  }

  /** Pauses all connections of a user. `last` is resumed after the others. */
  #pauseUser(last: Connection): void {
    const { user } = last;
    const paused = this.#paused.get(user) ?? new Set();
    if (paused.size === 0) {
      this.#paused.set(user, paused);
      this.#deps.observe({ type: "throttled", connection: last.id });
    }
    for (const connection of this.#deps.registry.connectionsOf(user)) {
      if (connection.isPausedFor(PAUSE.share)) continue;
      connection.pauseReading(PAUSE.share);
      paused.add(connection);
    }
    // Paused again, because ws itself resumes a socket that has begun to close.
    last.pauseReading(PAUSE.share);
    paused.delete(last);
    paused.add(last);
    this.#timer.schedule(TICK_MS);
  }

  #resumeConnections(): void {
    const { rateLimiter, now } = this.#deps;
    const time = now();
    for (const [user, paused] of this.#paused) {
      if (rateLimiter.aheadMs(user, time) > 0) continue;
      resumeFirst(paused, Math.ceil(paused.size * RESUME_FRACTION));
      if (paused.size === 0) this.#paused.delete(user);
    }
    if (this.#paused.size > 0) this.#timer.schedule(TICK_MS);
  }
}

/**
 * Resumes the first `count` connections. Their data arrives in a later turn of the event loop, and so can't change
 * the set during the loop.
 */
function resumeFirst(paused: Set<Connection>, count: number): void {
  let left = count;
  for (const connection of paused) {
    if (left === 0) return;
    left -= 1;
    paused.delete(connection);
    connection.resumeReading(PAUSE.share);
  }
}
