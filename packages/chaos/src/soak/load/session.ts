import { WebSocket } from "ws";
import type { DeliveryCheck, Reception } from "../checks/delivery-check.ts";
import type { Sends } from "./sends.ts";

export interface SessionOptions {
  /** WebSocket address of a gateway. */
  readonly url: string;
  readonly user: string;
  readonly token: string;
  readonly deliveries: DeliveryCheck;
  readonly sends: Sends;
}

type Frame =
  | { readonly type: "ready"; readonly cursor: string }
  | { readonly type: "message"; readonly id: string }
  | { readonly type: "ack"; readonly ref: string; readonly id: string }
  | { readonly type: "error"; readonly ref?: string; readonly code: string };

const HANDSHAKE_TIMEOUT_MS = 10_000;

/** One connection of a user. It speaks the raw protocol, because retries of the SDK would hide faults. */
export class Session {
  readonly #socket: WebSocket;
  readonly #options: SessionOptions;
  #reception: Reception | undefined;
  #isClosing = false;
  /** Resolves with the close code when the server closes the connection, or when it breaks. */
  readonly cut: Promise<number>;

  /** Connects. Resolves once the gateway is ready, and rejects if it refuses the connection. */
  static async open(options: SessionOptions): Promise<Session> {
    const session = new Session(options);
    await session.#ready();
    return session;
  }

  private constructor(options: SessionOptions) {
    this.#options = options;
    const protocols = ["chat.v1", `bearer.${options.token}`];
    this.#socket = new WebSocket(options.url, protocols, { handshakeTimeout: HANDSHAKE_TIMEOUT_MS });
    const { promise, resolve } = Promise.withResolvers<number>();
    this.cut = promise;
    this.#socket.once("close", (code) => {
      this.#reception?.close();
      if (!this.#isClosing) resolve(code);
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(frame: string): void {
    this.#socket.send(frame);
  }

  close(): void {
    this.#isClosing = true;
    this.#reception?.close();
    this.#socket.close();
  }

  #ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.on("error", reject);
      this.#socket.once("close", (code) => reject(new Error(`closed with ${code}`)));
      this.#socket.on("message", (data) => {
        this.#onFrame(JSON.parse(String(data)) as Frame);
        resolve();
      });
    });
  }

  #onFrame(frame: Frame): void {
    const { deliveries, sends, user } = this.#options;
    if (frame.type === "ready") this.#reception = deliveries.open(user, frame.cursor);
    else if (frame.type === "message" && this.#reception) deliveries.receive(this.#reception, frame.id);
    else if (frame.type === "ack") sends.acknowledge(frame.ref, frame.id);
    else if (frame.type === "error") sends.refuse(frame.ref, frame.code);
  }
}
