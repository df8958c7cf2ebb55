import type { ServerOptions } from "node:http";

/**
 * For the HTTP server in front of a gateway. Who sends a request too slowly does not keep its socket, and an upgrade
 * to another protocol than WebSocket is not made but answered in HTTP.
 */
export const httpOptions: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 2_000,
  shouldUpgradeCallback: (req) => req.headers.upgrade?.toLowerCase() === "websocket",
};
