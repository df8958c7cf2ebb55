import type { ServerOptions } from "node:http";

/** Time for which a connection is kept open after an answer, in ms, if no request follows. */
const KEEP_ALIVE_MS = 75_000;

/**
 * Options for every HTTP server. Times are ms. A client that sends its request too slowly, or nothing at all, is
 * disconnected.
 */
export const SERVER_OPTIONS: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 2_000,
  // Longer than load balancers keep an idle connection (usually 60 s), so that the balancer closes first. Otherwise it
  // could send a request just when this server closes the connection, and its client would get 502. If sockets become
  // scarce, idle ones are closed earlier (SocketLimiter).
  keepAliveTimeout: KEEP_ALIVE_MS,
  // http-server.ts checks the Host header itself.
  requireHostHeader: false,
};

/** Options for a server with WebSockets. An upgrade to any other protocol is handled as a plain request. */
export const WEBSOCKET_SERVER_OPTIONS: ServerOptions = {
  ...SERVER_OPTIONS,
  shouldUpgradeCallback: (req) => req.headers.upgrade?.toLowerCase() === "websocket",
};

/**
 * If nothing was read or written on a socket for this time, in ms, the socket is closed, because its client doesn't
 * read the answer. The time is longer than the server needs to make any answer, so that only the client can be the
 * cause. A WebSocket has a heartbeat instead.
 */
export const STALLED_MS = 120_000;
