import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { FirstRequests, WaitingRequest } from "./first-requests.ts";
import type { RefusalPacer } from "./refusal-pacer.ts";
import { hasBody, isBodyIncomplete } from "./request-body.ts";
import { RequestQueue } from "./request-queue.ts";
import type { Place, SocketLimiter } from "./socket-limiter.ts";
import { stopParsing } from "./stop-parsing.ts";

export interface HttpConnectionDeps {
  readonly limiter: SocketLimiter;
  readonly pacer: RefusalPacer;
  readonly firstRequests: FirstRequests;
  /** Returns the address or IPv6 block of the client that sent a request, also through a trusted proxy. */
  readonly addressOf: (req: IncomingMessage) => string;
  /** Called once if the connection is closed because its client sent too many requests ahead. */
  readonly onPipelining: () => void;
  /** Called for each refusal that is held back. */
  readonly onHeldBack: () => void;
  /** Called if the connection's first request waits for the turn of its address. */
  readonly onWait: () => void;
}

/**
 * One accepted socket, with its place in the SocketLimiter and the queue of its requests. Requests begin one at a
 * time (G5).
 *
 * Node's parser reports all requests of a chunk at once, even after the socket was destroyed. So the queue decides
 * when each request begins. The socket isn't paused while requests wait, so that a client's disconnect is noticed at
 * once.
 */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #place: Place;
  readonly #deps: HttpConnectionDeps;
  readonly #queue = new RequestQueue();
  #heldBack: NodeJS.Timeout | undefined;
  #hasBegun = false;
  /** The connection's first request, while it waits for the turn of its address. */
  #waiting: WaitingRequest | undefined;

  constructor(socket: Socket, place: Place, deps: HttpConnectionDeps) {
    this.#socket = socket;
    this.#place = place;
    this.#deps = deps;
  }

  /**
   * Begins a request, now or when the ones before it have been answered. If it has a body, what has arrived of it is parsed
   * first, because that may end the connection (see `limitBodyPieces`).
   */
  addRequest(res: ServerResponse, begin: () => void): void {
    res.on("close", onAnswered);
    const beginAfterParsing = () => process.nextTick(() => this.#beginUnlessEnded(begin));
    this.#add(res.req, hasBody(res.req) ? beginAfterParsing : begin);
  }

  /** Begins an upgrade in the same way. No request follows an upgrade on its connection. */
  addUpgrade(req: IncomingMessage, begin: () => void): void {
    this.#add(req, begin);
  }

  /**
   * Sends the refusal of a request. Holds it back if the client's address gets many refusals (see
   * RefusalPacer). Meanwhile the socket counts as idle, so that it makes room for a new one at a limit.
   */
  refuse(req: IncomingMessage, send: () => void): void {
    const { pacer, addressOf, onHeldBack, limiter } = this.#deps;
    const delayMs = pacer.delayMs(addressOf(req), performance.now());
    if (delayMs === 0) {
      send();
      return;
    }
    onHeldBack();
    limiter.noteIdle(this.#place);
    this.#heldBack = setTimeout(send, delayMs);
  }

  noteWebSocket(): void {
    this.#deps.limiter.noteWebSocket(this.#place);
  }

  noteClosed(): void {
    clearTimeout(this.#heldBack);
    if (this.#waiting) this.#deps.firstRequests.drop(this.#waiting);
    this.#queue.clear();
    this.#deps.limiter.release(this.#place);
    connections.delete(this.#socket);
  }

  /**
   * Must be called when a response has been written out or its socket has ended. Begins the next request. If the request's
   * body hasn't arrived whole, ends the connection, so that nobody needs to read the rest (G5).
   */
  noteAnswered(req: IncomingMessage): void {
    if (this.#socket.writable && isBodyIncomplete(req)) this.#socket.destroySoon();
    if (!this.#socket.writable) {
      this.#queue.clear();
      return;
    }
    this.#queue.next();
    if (!this.#queue.isBusy) this.#deps.limiter.noteIdle(this.#place);
  }

  #add(req: IncomingMessage, begin: () => void): void {
    if (this.#socket.destroyed) return;
    if (!this.#queue.isBusy) this.#deps.limiter.noteBusy(this.#place);
    const isFirst = !this.#hasBegun;
    this.#hasBegun = true;
    if (this.#queue.add(isFirst ? () => this.#beginFirst(req, begin) : begin)) return;
    this.#deps.onPipelining();
    this.#socket.destroy();
    stopParsing(this.#socket);
  }

  /** Begins the connection's first request, now or in the turn of its address (see FirstRequests). */
  #beginFirst(req: IncomingMessage, begin: () => void): void {
    const { firstRequests, addressOf, onWait } = this.#deps;
    this.#waiting = firstRequests.add(addressOf(req), () => {
      this.#waiting = undefined;
      this.#beginUnlessEnded(begin);
    });
    if (this.#waiting) onWait();
  }

  #beginUnlessEnded(begin: () => void): void {
    if (!this.#socket.destroyed) begin();
  }
}

/** A `close` listener that all responses share. Runs when a response has been written out or its socket ended. */
function onAnswered(this: ServerResponse): void {
  connections.get(this.req.socket)?.noteAnswered(this.req);
  // A socket that ends first keeps its response, and V8 keeps the socket until the next full garbage collection, because
  // Node's Writable assigns a function to a property (see "garbage that stayed" in docs/performance.md).
  if (this.socket?.destroyed) this.detachSocket(this.socket);
}

const connections = new WeakMap<Duplex, HttpConnection>();

/** Remembers the connection of a socket that a server has accepted. */
export function setConnection(socket: Socket, connection: HttpConnection): void {
  connections.set(socket, connection);
}

/** Returns the connection of an accepted socket. */
export function connectionOf(socket: Duplex): HttpConnection | undefined {
  return connections.get(socket);
}

/**
 * Sends the refusal of a request: now, or later if it is the client's fault and its address gets many refusals (G5).
 */
export function sendRefusal(req: IncomingMessage, status: number, send: () => void): void {
  const connection = status < 500 ? connections.get(req.socket) : undefined;
  if (connection) connection.refuse(req, send);
  else send();
}

/**
 * Tells the server that an accepted socket is now a WebSocket. The socket no longer counts against its client's
 * address, because WebSockets have limits of their own. Its HttpConnection is dropped to save memory, because many
 * WebSockets are idle.
 */
export function noteWebSocket(socket: Duplex): void {
  connections.get(socket)?.noteWebSocket();
  connections.delete(socket);
}
