import { CLOSE } from "@parley/models";
import type { Observe } from "../events.ts";
import type { Outbox } from "../outbound/write-scheduler.ts";
import type { Connection } from "./connection.ts";
import type { Audiences } from "./registry.ts";

export interface DeparturesParts {
  readonly audiences: Audiences;
  readonly outbox: Outbox<Connection>;
  readonly observe: Observe;
  /** How long one that leaves may wait for its last answers. */
  readonly leaveMs: number;
  /** Ms of a steady clock. */
  readonly now: () => number;
}

/** The ways a connection ends that this side decides on. */
export class Departures {
  readonly #parts: DeparturesParts;
  /** Closed by this side, with a socket that has not ended yet. */
  readonly #closing = new Set<Connection>();

  constructor(parts: DeparturesParts) {
    this.#parts = parts;
  }

  /** Takes nothing more from it, answers what was taken, and closes it (P41). */
  leave(connection: Connection, code: number, reason: string): void {
    if (!connection.isOpen) return;
    connection.phase = { kind: "leaving", code, reason, until: this.#parts.now() + this.#parts.leaveMs };
    connection.ws.pause();
    if (connection.unanswered === 0) this.settled(connection);
  }

  /** It has no answer to wait for any more, or has waited long enough. */
  settled(connection: Connection): void {
    const { phase } = connection;
    if (phase.kind !== "leaving") return;
    this.#parts.outbox.finish(connection);
    this.#close(connection, phase.code, phase.reason);
  }

  /** Its socket holds as much as may wait for it: what would come next is not written (P40, G5). */
  tooSlow(connection: Connection): void {
    this.#parts.observe({
      type: "too-slow",
      connection: connection.id,
      pendingBytes: connection.pendingBytes,
    });
    this.#close(connection, CLOSE.tooSlow, "too slow");
  }

  /** Without a close frame: nobody is there to read it. */
  cut(connection: Connection, cause: string): void {
    this.#forget(connection, cause);
    connection.ws.terminate();
  }

  /** Its socket has ended, whoever began. */
  ended(connection: Connection): void {
    this.#closing.delete(connection);
    this.#forget(connection, undefined);
  }

  /** Connections whose socket has not ended. */
  get remaining(): number {
    return this.#parts.audiences.everybody.size + this.#closing.size;
  }

  /** Ends every socket now. */
  cutAll(cause: string): void {
    for (const connection of [...this.#parts.audiences.everybody, ...this.#closing])
      this.cut(connection, cause);
  }

  /** A paused socket would not read the answer to the close frame. */
  #close(connection: Connection, code: number, reason: string): void {
    this.#forget(connection, reason);
    this.#closing.add(connection);
    connection.ws.close(code, reason);
    connection.ws.resume();
  }

  #forget(connection: Connection, cause: string | undefined): void {
    connection.cause ??= cause;
    connection.markClosed();
    this.#parts.outbox.forget(connection);
    this.#parts.audiences.remove(connection);
  }
}
