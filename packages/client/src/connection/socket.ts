import { parseServerFrame, type ServerFrame } from "../wire.ts";

/** What a socket needs of the platform: the WebSocket of browsers and of Node from 22 on, or one that is like it. */
export type WebSocketClass = new (url: string, protocols: string[]) => WebSocket;

export interface SocketHandlers {
  frame(frame: ServerFrame): void;
  /** Once, for whatever reason it ended. `code` 1006 stands for a link that broke or never was. */
  closed(code: number): void;
}

export interface HeartbeatOptions {
  /** A ping leaves after so much silence, in ms. */
  readonly everyMs: number;
  /** And the link is given up after so much more, in ms. So a dead link is noticed within the sum (P14). */
  readonly timeoutMs: number;
}

/** One connection under `chat.v1`, with a heartbeat, since a dead link says nothing by itself. */
export class Socket {
  readonly #socket: WebSocket;
  readonly #handlers: SocketHandlers;
  readonly #heartbeat: HeartbeatOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heardAt = performance.now();
  #ended = false;

  /** Throws where the platform refuses the address, as a page's content security policy can. */
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
      this.#heardAt = performance.now();
      const frame = parseServerFrame(data);
      if (frame) handlers.frame(frame);
    };
    this.#socket.onclose = ({ code }) => this.#end(code);
    // An error is always followed by a close; without a listener some implementations throw.
    this.#socket.onerror = () => undefined;
    this.#watch(heartbeat.everyMs);
  }

  send(frame: string): void {
    if (this.#socket.readyState === 1) this.#socket.send(frame);
  }

  /** Ends it now, without waiting for the other side to agree. */
  close(): void {
    this.#end(1000);
  }

  /** Looks again in `afterMs`, when the silence may have become long enough for a ping. */
  #watch(afterMs: number): void {
    this.#timer = setTimeout(() => {
      const quietMs = performance.now() - this.#heardAt;
      if (quietMs < this.#heartbeat.everyMs) this.#watch(this.#heartbeat.everyMs - quietMs);
      else this.#ping();
    }, afterMs);
  }

  #ping(): void {
    const { timeoutMs } = this.#heartbeat;
    const pingedAt = performance.now();
    this.send('{"type":"ping"}');
    this.#timer = setTimeout(() => {
      if (this.#heardAt > pingedAt) this.#watch(0);
      // A page that slept may have the answer before it, unread: it asks once more.
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
