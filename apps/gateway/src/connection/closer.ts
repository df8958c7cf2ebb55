import type { WriteScheduler } from "../outbound/write-scheduler.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionRegistry } from "./registry.ts";

export interface ConnectionCloserDeps {
  readonly registry: ConnectionRegistry;
  readonly writeScheduler: WriteScheduler<Connection>;
  /** Longest wait for the last answers of a connection that is leaving, in ms. */
  readonly leaveMs: number;
  /** Steady clock, ms. */
  readonly now: () => number;
}

/**
 * Closes connections. There are three ways: after the last answer (`closeAfterAnswers`), at once with a close frame
 * (`closeNow`), and at once without one (`terminate`). A socket that ends by itself is cleaned up here too.
 */
export class ConnectionCloser {
  readonly #deps: ConnectionCloserDeps;
  /** Closed connections whose sockets haven't ended yet. */
  readonly #closing = new Set<Connection>();

  constructor(deps: ConnectionCloserDeps) {
    this.#deps = deps;
  }

  /** Accepts no more frames, answers the accepted ones, then closes the connection (P41). */
  closeAfterAnswers(connection: Connection, code: number, reason: string): void {
    if (!connection.isOpen) return;
    connection.beginClose(code, reason, this.#deps.now() + this.#deps.leaveMs);
    if (connection.unanswered === 0) this.finishClose(connection);
  }

  /** Closes a leaving connection once it has its last answer or its time is up. */
  finishClose(connection: Connection): void {
    const { state } = connection;
    if (state.kind !== "leaving") return;
    this.#deps.writeScheduler.flushAndRemove(connection);
    this.closeNow(connection, state.code, state.reason);
  }

  /** Closes a connection with a close frame, without waiting for its answers. */
  closeNow(connection: Connection, code: number, reason: string): void {
    this.#stop(connection, reason);
    this.#closing.add(connection);
    connection.closeSocket(code, reason);
  }

  /** Destroys the socket without a close frame, for a client that can't be expected to read one. */
  terminate(connection: Connection, cause: string): void {
    this.#stop(connection, cause);
    connection.terminate();
  }

  /** Destroys every socket. */
  terminateAll(cause: string): void {
    for (const connection of [...this.#deps.registry.connections, ...this.#closing])
      this.terminate(connection, cause);
  }

  /** Cleans up after a socket has ended, whichever side ended it. */
  handleSocketEnd(connection: Connection): void {
    this.#closing.delete(connection);
    this.#stop(connection, undefined);
  }

  /** Number of connections whose sockets haven't ended. */
  get remaining(): number {
    return this.#deps.registry.connections.size + this.#closing.size;
  }

  /**
   * Marks a connection as closed and removes it. From here on its frames are ignored, and only a close frame may be
   * sent to it.
   */
  #stop(connection: Connection, cause: string | undefined): void {
    connection.markClosed(cause);
    this.#deps.writeScheduler.remove(connection);
    this.#deps.registry.remove(connection);
  }
}
