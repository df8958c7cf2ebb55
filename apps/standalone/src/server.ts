import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Gateway } from "@parley/gateway";
import type { HistoryApi } from "@parley/history-api";
import { appFor, pathOf, WEBSOCKET_SERVER_OPTIONS } from "@parley/service";

/**
 * Creates one HTTP server for both cores. The table of routes selects the core; the gateway answers unknown paths.
 */
export function createChatServer(gateway: Gateway, history: HistoryApi): Server {
  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    if (appFor(pathOf(req)) === "history-api") history.handleRequest(req, res);
    else gateway.handleRequest(req, res);
  };
  return createServer(WEBSOCKET_SERVER_OPTIONS, handle).on("upgrade", gateway.handleUpgrade);
}
