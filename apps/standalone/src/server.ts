import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Gateway } from "@parley/gateway";
import type { HistoryApi } from "@parley/history-api";
import { appFor, pathOf, WEBSOCKET_SERVER_OPTIONS } from "@parley/service";

/** One server for both, after the table of routes; what stands in no row is the gateway's to refuse. */
export function createChatServer(gateway: Gateway, history: HistoryApi): Server {
  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    if (appFor(pathOf(req)) === "history-api") history.handleRequest(req, res);
    else gateway.handleRequest(req, res);
  };
  return createServer(WEBSOCKET_SERVER_OPTIONS, handle).on("upgrade", gateway.handleUpgrade);
}
