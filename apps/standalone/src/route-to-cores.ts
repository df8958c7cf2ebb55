import type { Gateway } from "@parley/gateway";
import type { HistoryApi } from "@parley/history-api";
import { appFor, type HttpHandlers, pathOf } from "@parley/service";

/**
 * Returns the handlers of one HTTP server for both cores. The table of routes selects the core; the gateway answers
 * unknown paths.
 */
export function routeToCores(gateway: Gateway, history: HistoryApi): HttpHandlers {
  return {
    handleRequest(req, res) {
      if (appFor(pathOf(req)) === "history-api") history.handleRequest(req, res);
      else gateway.handleRequest(req, res);
    },
    handleUpgrade: gateway.handleUpgrade,
  };
}
