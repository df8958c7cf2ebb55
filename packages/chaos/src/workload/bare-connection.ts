import { setTimeout as delay } from "node:timers/promises";

const RECONNECT_MS = 200;

export interface BareConnectionOptions<Frame> {
  /** The gateways, used in turn. */
  readonly urls: readonly string[];
  readonly token: string;
  /** The number of the first gateway. Default 0. */
  readonly turn?: number;
  readonly onFrame: (frame: Frame) => void;
}

/**
 * A WebSocket of the bare protocol, without the SDK: speaks `chat.v1`, and connects again whenever it ends. The rest of
 * docs/protocol.md is left to its user.
 */
export class BareConnection<Frame> {
  readonly #options: BareConnectionOptions<Frame>;
  readonly #stopping = new AbortController();
  #socket: WebSocket | undefined;
  #turn: number;

  constructor(options: BareConnectionOptions<Frame>) {
    this.#options = options;
    this.#turn = options.turn ?? 0;
    this.#connect();
  }

  /** Sends a text. Without an open connection the text is lost. */
  send(text: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  close(): void {
    this.#stopping.abort();
    this.#socket?.close();
  }

  #connect(): void {
    const { urls, token, onFrame } = this.#options;
    const url = urls[this.#turn++ % urls.length] ?? "";
    const socket = new WebSocket(url, ["chat.v1", `bearer.${token}`]);
    this.#socket = socket;
    socket.onmessage = ({ data }) => onFrame(JSON.parse(String(data)));
    // In Node 22 a failed connection has only an error, and no close.
    socket.onerror = () => this.#reconnect(socket);
    socket.onclose = () => this.#reconnect(socket);
  }

  #reconnect(socket: WebSocket): void {
    const { signal } = this.#stopping;
    if (this.#socket !== socket || signal.aborted) return;
    this.#socket = undefined;
    void delay(RECONNECT_MS, undefined, { signal, ref: false }).then(
      () => this.#connect(),
      () => undefined,
    );
  }
}
