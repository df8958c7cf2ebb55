import type { ServerOptions } from "node:http";

/** For every public HTTP server: a client that sends its request too slowly loses its connection. Times in ms. */
export const SERVER_OPTIONS: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 2_000,
};

/** The same for a server that takes WebSockets. An upgrade to any other protocol is answered as a plain request. */
export const WEBSOCKET_SERVER_OPTIONS: ServerOptions = {
  ...SERVER_OPTIONS,
  shouldUpgradeCallback: (req) => req.headers.upgrade?.toLowerCase() === "websocket",
};
