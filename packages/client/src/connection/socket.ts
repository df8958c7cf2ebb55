import { parseServerFrame, type ServerFrame } from "../wire.ts";

/** A constructor with the interface of the standard WebSocket, which browsers and Node 22 or newer have. */
export type WebSocketClass = new (url: string, protocols: string[]) => WebSocket;

export interface SocketHandlers {
  frame(frame: ServerFrame): void;
  /** Called once, for any kind of end. `code` is 1006 if the link broke or was never established. */
  closed(code: number): void;
}

export interface HeartbeatOptions {
  /** The time without a frame from the server after which a ping is sent, in ms. */
  readonly everyMs: number;
  /** If no frame arrives within this time after a ping, the connection is ended. In ms. */
  readonly timeoutMs: number;
}

/** A WebSocket under `chat.v1` with a heartbeat, because a dead link reports nothing by itself (P14). */
export class Socket {
  readonly #socket: WebSocket;
  readonly #handlers: SocketHandlers;
  readonly #heartbeat: HeartbeatOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastFrameAt = performance.now();
  #ended = false;

  /** Throws if the platform refuses the address, for example because of a page's Content-Security-Policy. */
  constructor(
    WebSocketImpl: WebSocketClass,
    url: string,
    token: string,
    heartbeat: HeartbeatOptions,
    handlers: SocketHandlers,
  ) {
    this.#handlers = handlers;
    this.#heartbeat = heartbeat;
    this.#socket = new WebSocketImpl(url, ["chat.v1", `bearer.${token}`]);
    this.#socket.onmessage = ({ data }) => {
      this.#lastFrameAt = performance.now();
      const frame = parseServerFrame(data);
      if (frame) handlers.frame(frame);
    };
    this.#socket.onclose = ({ code }) => this.#end(code);
    // Ignored: `close` always follows. Some implementations throw if there is no listener.
    this.#socket.onerror = () => undefined;
    this.#checkSilenceIn(heartbeat.everyMs);
  }

  /** Sends a frame. Does nothing if the connection isn't open. */
  send(frame: string): void {
    if (this.#socket.readyState === 1) this.#socket.send(frame);
  }

  /** Ends the connection now, without waiting for the closing handshake. */
  close(): void {
    this.#end(1000);
  }

  /** Ends the connection as a broken link. */
  fail(): void {
    this.#end(1006);
  }

  /** Schedules a check of the time since the last frame. If this time is long enough, the check sends a ping. */
  #checkSilenceIn(delayMs: number): void {
    this.#timer = setTimeout(() => {
      const silentForMs = performance.now() - this.#lastFrameAt;
      if (silentForMs < this.#heartbeat.everyMs) this.#checkSilenceIn(this.#heartbeat.everyMs - silentForMs);
      else this.#ping();
    }, delayMs);
  }

  #ping(): void {
    const { timeoutMs } = this.#heartbeat;
    const pingedAt = performance.now();
    this.send('{"type":"ping"}');
    this.#timer = setTimeout(() => {
      if (this.#lastFrameAt > pingedAt) this.#checkSilenceIn(0);
      // The timer fired far too late, so the page was asleep. The answer may be there but unread: ping once more.
      else if (performance.now() - pingedAt > 2 * timeoutMs) this.#ping();
      else this.#end(1006);
    }, timeoutMs);
  }

  #end(code: number): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#socket.onmessage = null;
    this.#socket.close();
    this.#handlers.closed(code);
  }
}
