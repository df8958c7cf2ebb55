import type { Server } from "node:http";
import type { Env } from "../../env/read.ts";
import { pick } from "../../env/variables.ts";
import type { Logger } from "../../logging/logger.ts";
import type { Registry } from "../../metrics.ts";
import { observeHttp } from "./http-metrics.ts";
import { createHttpServer, type HttpHandlers } from "./http-server.ts";
import { STALLED_MS } from "./server-options.ts";

/** The environment variables of a server on PORT. */
export const publicServerFields = pick("MAX_SOCKETS", "MAX_SOCKETS_PER_ADDRESS", "TRUST_PROXY");

/** Options of `createPublicServer`. */
export interface PublicServerOptions {
  /**
   * `SLOW_CLIENT_MS` is the limit of an app that streams long answers, for clients that don't read. The server's own
   * limit is at least twice as long, so that the app's limit applies first.
   */
  readonly env: Env<typeof publicServerFields> & { readonly SLOW_CLIENT_MS?: number };
  readonly log: Logger;
  readonly registry: Registry;
  readonly handlers: HttpHandlers;
}

/** Creates the server on PORT, with its limits on sockets, its log and its metrics. It doesn't listen yet. */
export function createPublicServer({ env, log, registry, handlers }: PublicServerOptions): Server {
  const limits = { total: env.MAX_SOCKETS, perAddress: env.MAX_SOCKETS_PER_ADDRESS };
  return createHttpServer({
    handlers,
    limits,
    trustedProxies: env.TRUST_PROXY,
    stalledMs: Math.max(STALLED_MS, 2 * (env.SLOW_CLIENT_MS ?? 0)),
    observe: observeHttp(log, registry, { server: "public", limits }),
  });
}
