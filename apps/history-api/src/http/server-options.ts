import type { ServerOptions } from "node:http";

/** A request that is sent too slowly ends. How long an answer may take is its reader's matter (SLOW_CLIENT_MS). */
export const httpOptions: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 2_000,
};
