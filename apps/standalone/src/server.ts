import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Gateway } from "@parley/gateway";
import type { HistoryApi } from "@parley/history-api";
import { appFor, createHttpServer, type HttpServerOptions, pathOf } from "@parley/service";

export interface ChatServerOptions extends Pick<HttpServerOptions, "limits" | "trustedProxies" | "observe"> {
  readonly gateway: Gateway;
  readonly history: HistoryApi;
}

/**
 * Creates one HTTP server for both cores. The table of routes selects the core; the gateway answers unknown paths.
 */
export function createChatServer({ gateway, history, ...options }: ChatServerOptions): Server {
  function handleRequest(req: IncomingMessage, res: ServerResponse): void {
    if (appFor(pathOf(req)) === "history-api") history.handleRequest(req, res);
    else gateway.handleRequest(req, res);
  }
  return createHttpServer({ ...options, handleRequest, handleUpgrade: gateway.handleUpgrade });
}
