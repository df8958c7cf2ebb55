import type { ServerOptions } from "node:http";

/** Options for every public HTTP server, in ms. A client that sends its request too slowly is disconnected. */
export const SERVER_OPTIONS: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 2_000,
};

/** Options for a server with WebSockets. An upgrade to any other protocol is handled as a plain request. */
export const WEBSOCKET_SERVER_OPTIONS: ServerOptions = {
  ...SERVER_OPTIONS,
  shouldUpgradeCallback: (req) => req.headers.upgrade?.toLowerCase() === "websocket",
};
