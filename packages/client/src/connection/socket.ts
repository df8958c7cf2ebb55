import { parseServerFrame, type ServerFrame } from "../wire.ts";
import { Heartbeat, type HeartbeatOptions } from "./heartbeat.ts";

/** A constructor with the interface of the standard WebSocket, which browsers and Node 22 or newer have. */
export type WebSocketClass = new (url: string, protocols: string[]) => WebSocket;

export interface SocketHandlers {
  frame(frame: ServerFrame): void;
  /** Called once, for any kind of end. `code` is 1006 if the link broke or was never established. */
  closed(code: number): void;
}

/** A WebSocket under `chat.v1` with a heartbeat. */
export class Socket {
  readonly #socket: WebSocket;
  readonly #handlers: SocketHandlers;
  readonly #heartbeat: Heartbeat;
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
    this.#socket = new WebSocketImpl(url, ["chat.v1", `bearer.${token}`]);
    this.#heartbeat = new Heartbeat(heartbeat, {
      ping: () => this.#transmit('{"type":"ping"}'),
      dead: () => this.fail(),
    });
    this.#socket.onmessage = ({ data }) => {
      this.#heartbeat.received();
      const frame = parseServerFrame(data);
      if (frame) handlers.frame(frame);
    };
    this.#socket.onclose = ({ code }) => this.#end(code);
    // Usually `close` follows at once, with a better code. Node 22 fires no `close` after a failed handshake.
    this.#socket.onerror = () => void setTimeout(() => this.fail());
  }

  /** Sends a frame. Does nothing if the connection isn't open. */
  send(frame: string): void {
    this.#transmit(frame);
    this.#heartbeat.check();
  }

  /** Ends the connection now, without waiting for the closing handshake. */
  close(): void {
    this.#end(1000);
  }

  /** Ends the connection as a broken link. */
  fail(): void {
    this.#end(1006);
  }

  #transmit(frame: string): boolean {
    const isOpen = this.#socket.readyState === 1;
    if (isOpen) this.#socket.send(frame);
    return isOpen;
  }

  #end(code: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#heartbeat.stop();
    this.#socket.onmessage = null;
    this.#socket.close();
    this.#handlers.closed(code);
  }
}
