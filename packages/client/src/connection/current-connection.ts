import { ParleyError } from "../errors.ts";
import { Connection, type ConnectionDeps } from "./connection.ts";
import type { ConnectionEnd } from "./reconnect.ts";

export interface CurrentConnectionDeps extends Pick<ConnectionDeps, "settings" | "tokens" | "frame"> {
  /** Called when a connection has ended or couldn't be established. */
  ended(): void;
}

/** The client's connection, if there is one. */
export class CurrentConnection {
  readonly #deps: CurrentConnectionDeps;
  #connection: Connection | undefined;

  constructor(deps: CurrentConnectionDeps) {
    this.#deps = deps;
  }

  /** Opens a connection, and resolves when it has ended. Rejects if the platform refuses to open one. */
  open(token: string): Promise<ConnectionEnd> {
    const { settings, tokens, frame, ended } = this.#deps;
    return new Promise((resolve, reject) => {
      try {
        this.#connection = new Connection({
          settings,
          token,
          tokens,
          frame,
          ended: (end) => {
            this.#connection = undefined;
            ended();
            resolve(end);
          },
        });
      } catch (cause) {
        const message = "The platform refused to open a WebSocket to this address.";
        reject(new ParleyError("unreachable", message, { temporary: true, cause }));
      }
    });
  }

  send(frame: string): void {
    this.#connection?.send(frame);
  }

  /** Ends the connection as broken. */
  fail(): void {
    this.#connection?.fail();
  }

  close(): void {
    this.#connection?.close();
  }
}
