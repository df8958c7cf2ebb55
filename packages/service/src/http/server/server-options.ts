import type { ServerOptions } from "node:http";

/**
 * Options for every HTTP server, in ms. A client that sends its request too slowly, or nothing at all, is disconnected.
 */
export const SERVER_OPTIONS: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 2_000,
  // The server checks this itself, see http-server.ts.
  requireHostHeader: false,
};

/** Options for a server with WebSockets. An upgrade to any other protocol is handled as a plain request. */
export const WEBSOCKET_SERVER_OPTIONS: ServerOptions = {
  ...SERVER_OPTIONS,
  shouldUpgradeCallback: (req) => req.headers.upgrade?.toLowerCase() === "websocket",
};

/**
 * A socket on which nothing was read or written for this long is closed, in ms: its client doesn't read the answer. A
 * WebSocket has a heartbeat instead. Longer than any answer takes to be made, so that only the client can be the cause.
 */
export const STALLED_MS = 120_000;
