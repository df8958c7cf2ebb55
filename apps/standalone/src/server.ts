import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Gateway } from "@parley/gateway";
import { httpOptions } from "@parley/gateway";
import type { HistoryApi } from "@parley/history-api";
import { appFor } from "@parley/service";

/** One server for both, after the table of routes; what stands in no row is the gateway's to refuse. */
export function createChatServer(gateway: Gateway, history: HistoryApi): Server {
  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    const pathname = (req.url ?? "/").replace(/[?#].*$/s, "");
    if (appFor(pathname) === "history-api") history.handleRequest(req, res);
    else gateway.handleRequest(req, res);
  };
  return createServer(httpOptions, handle).on("upgrade", gateway.handleUpgrade);
}
