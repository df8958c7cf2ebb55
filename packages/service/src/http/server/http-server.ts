import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ChatError } from "@parley/models";
import { clientBlock, requestBlock, TrustedProxies } from "../address.ts";
import { sendProblem } from "../problem.ts";
import { rejectUpgrade } from "../reject-upgrade.ts";
import { type EventLoop, FirstRequests } from "./first-requests.ts";
import { connectionOf, HttpConnection, setConnection } from "./http-connection.ts";
import type { ObserveHttp } from "./http-metrics.ts";
import { parseInSlices, stopSlicing } from "./parse-in-slices.ts";
import { RefusalPacer } from "./refusal-pacer.ts";
import { hasBody, limitBodyPieces } from "./request-body.ts";
import { useOriginForm } from "./request-target.ts";
import { SERVER_OPTIONS, STALLED_MS, WEBSOCKET_SERVER_OPTIONS } from "./server-options.ts";
import { SocketLimiter, type SocketLimits } from "./socket-limiter.ts";

type Handled = void | Promise<void>;

/** Handlers of a server's requests and upgrades. */
export interface HttpHandlers {
  readonly handleRequest: (req: IncomingMessage, res: ServerResponse) => Handled;
  /** The socket already has an `error` listener. Undefined: a request to upgrade is handled as a plain request. */
  readonly handleUpgrade?: (req: IncomingMessage, socket: Duplex, head: Buffer) => Handled;
}

/** Options of `createHttpServer`. */
export interface HttpServerOptions {
  readonly handlers: HttpHandlers;
  /** Undefined: sockets aren't limited. */
  readonly limits?: SocketLimits;
  /**
   * Proxies in front of this server. Their sockets carry the requests of many clients, so they have no limit per
   * address.
   */
  readonly trustedProxies?: TrustedProxies;
  readonly observe?: ObserveHttp;
  /** Time after which a socket is closed if nothing was read or written on it, in ms. */
  readonly stalledMs?: number;
  /** The event loop; for tests. */
  readonly loop?: EventLoop;
}

/** The longest delay that a timer supports. */
const MAX_TIMER_MS = 2_147_483_647;
const NO_LIMITS: SocketLimits = { total: Number.POSITIVE_INFINITY, perAddress: Number.POSITIVE_INFINITY };

/**
 * Creates an HTTP server. Every port uses one. The server survives whatever clients send, and limits the resources
 * that one client can use:
 *
 * - each socket has an `error` listener from the moment it is accepted. Node removes its own before `upgrade` and
 *   `connect` events, and an error without a listener ends the process;
 * - a failure in a handler is answered with `internal`, and ends only its own connection;
 * - a connection's requests begin one at a time (G5);
 * - a body has a bounded number of pieces, and isn't read on after its answer (G5);
 * - what has arrived is parsed in slices, and no further once its connection has ended (G5);
 * - accepted sockets are counted, in total and per client address (G5);
 * - the first requests of an address that opens many connections at once begin in turn (G5);
 * - refusals of an address that gets many are held back for a while (G5).
 */
export function createHttpServer(options: HttpServerOptions): Server {
  const { limits = NO_LIMITS, trustedProxies = TrustedProxies.none, observe = () => undefined } = options;
  const { handleRequest, handleUpgrade } = options.handlers;
  const limiter = new SocketLimiter(limits);
  const deps = {
    limiter,
    pacer: new RefusalPacer(),
    firstRequests: new FirstRequests(options.loop),
    addressOf: (req: IncomingMessage) => requestBlock(req, trustedProxies),
    onPipelining: () => observe({ type: "pipelining" }),
    onHeldBack: () => observe({ type: "held-back" }),
    onWait: () => observe({ type: "waits" }),
  };
  const server = createServer(handleUpgrade ? WEBSOCKET_SERVER_OPTIONS : SERVER_OPTIONS);
  // Node would drop the headers after the first thousand: perhaps the one that a proxy adds, or the one of a chunked body. All
  // headers together have 16 KiB at most.
  server.maxHeadersCount = 0;
  const stalledMs = Math.min(options.stalledMs ?? STALLED_MS, MAX_TIMER_MS);

  function accept(socket: Socket): void {
    socket.on("error", ignoreSocketError);
    const admission = limiter.admit(
      socket,
      clientBlock(socket.remoteAddress, trustedProxies),
      performance.now(),
    );
    if ("refused" in admission) {
      observe({ type: "refused", reason: admission.refused });
      socket.destroy();
      return;
    }
    if (admission.evicted) observe({ type: "evicted" });
    setConnection(socket, new HttpConnection(socket, admission.place, deps));
    observe({ type: "sockets", open: limiter.total });
    socket.on("close", onSocketClose);
  }

  /** All sockets share this listener to save memory, because many of them are idle. */
  function onSocketClose(this: Socket): void {
    const connection = connectionOf(this);
    if (connection) connection.noteClosed();
    else limiter.releaseWebSocket();
    observe({ type: "sockets", open: limiter.total });
  }

  function onFailure(error: unknown): void {
    observe({ type: "failure", error });
  }

  function answer(req: IncomingMessage, res: ServerResponse, handle: HttpHandlers["handleRequest"]): void {
    res.on("error", onFailure);
    // `server.timeout` isn't used, because it would leave a timer's memory in each WebSocket.
    req.socket.setTimeout(stalledMs);
    limitBodyPieces(req, onPiecesExceeded);
    connectionOf(req.socket)?.addRequest(res, () => contain(() => handle(req, res), fail));

    function fail(error: unknown): void {
      onFailure(error);
      sendProblem(res, "internal");
    }
  }

  function onPiecesExceeded({ socket }: IncomingMessage): void {
    observe({ type: "pieces" });
    socket.destroy();
  }

  function onRequest(req: IncomingMessage, res: ServerResponse): void {
    useOriginForm(req);
    answer(req, res, lacksHost(req) ? refuseHost : handleRequest);
  }

  /** Node reports only expectations other than `100-continue` here. */
  function onExpectation(req: IncomingMessage, res: ServerResponse): void {
    answer(req, res, refuseExpectation);
  }

  function onUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    useOriginForm(req);
    // If the request has a body, `socket` is a stream around the accepted socket.
    if (socket !== req.socket) socket.on("error", ignoreSocketError);
    else stopSlicing(socket);
    const isRefused = hasBody(req);
    if (isRefused) {
      limitBodyPieces(req, onPiecesExceeded);
      // Drops the pieces that came before this event.
      req.resume();
    }
    connectionOf(req.socket)?.addUpgrade(req, () => {
      // The client left while its request waited. Node doesn't close the socket then.
      if (socket.readableEnded) socket.destroy();
      else if (isRefused) refuseBody(req, socket);
      else contain(() => handleUpgrade?.(req, socket, head), fail);
    });

    function fail(error: unknown): void {
      onFailure(error);
      socket.destroy();
    }
  }

  // Prepended, because with Node's own listener first a socket could fail before it has an error listener.
  server.prependListener("connection", accept);
  server.on("connection", parseInSlices);
  server.on("request", onRequest).on("checkExpectation", onExpectation);
  if (handleUpgrade) server.on("upgrade", onUpgrade);
  // Reports a failed accept, for example if no file descriptors are left. `listen` reports failures to start.
  server.on("error", (error) => server.listening && observe({ type: "accept-failed", error }));
  return server;
}

/** Calls `fail` if the handler throws or rejects. */
function contain(handle: () => Handled, fail: (error: unknown) => void): void {
  try {
    const handled = handle();
    if (handled instanceof Promise) handled.catch(fail);
  } catch (error) {
    fail(error);
  }
}

/** RFC 9112 requires `Host` in HTTP/1.1. Node's own check would answer at once, past the connection's queue. */
function lacksHost({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.host === undefined && httpVersion === "1.1";
}

function refuseExpectation(_req: IncomingMessage, res: ServerResponse): void {
  res.writeHead(417, { connection: "close" }).end();
}

function refuseHost(_req: IncomingMessage, res: ServerResponse): void {
  const error = new ChatError("invalid_parameter", { message: "The request has no Host header." });
  sendProblem(res, error, { headers: { connection: "close" } });
}

function refuseBody(req: IncomingMessage, socket: Duplex): void {
  const error = new ChatError("invalid_parameter", { message: "An upgrade must not have a body." });
  rejectUpgrade(req, socket, error);
}

/** Ignored: the socket's `close` event follows, and its handler cleans up. */
function ignoreSocketError(): void {
  return;
}
