import { CoalescingTimer } from "../outbound/coalescing-timer.ts";
import type { WriteScheduler } from "../outbound/write-scheduler.ts";
import type { Connection } from "./connection.ts";

const FIN_PONG = 0x8a;

/**
 * Answers WebSocket pings. Pings that arrive together get one pong, for the last of them (RFC 6455, 5.5.3). So a
 * flood of pings doesn't cause one write per ping. A client that doesn't read its pongs is closed at the same limit
 * as for other frames (P40).
 */
export class PingAnswers {
  readonly #writeScheduler: WriteScheduler<Connection>;
  /** Payload of the last ping of each connection in this turn of the event loop. */
  readonly #lastPings = new Map<Connection, Buffer>();
  readonly #timer = new CoalescingTimer(() => this.#sendPongs());

  constructor(writeScheduler: WriteScheduler<Connection>) {
    this.#writeScheduler = writeScheduler;
  }

  answer(connection: Connection, payload: Buffer): void {
    if (!connection.isOpen) return;
    this.#lastPings.set(connection, payload);
    this.#timer.schedule(0);
  }

  #sendPongs(): void {
    for (const [connection, payload] of this.#lastPings)
      this.#writeScheduler.sendTo(connection, pongFrame(payload));
    this.#lastPings.clear();
  }
}

/** Encodes a pong. ws has checked that the payload has at most 125 bytes. */
function pongFrame(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(FIN_PONG, payload.length), payload]);
}
