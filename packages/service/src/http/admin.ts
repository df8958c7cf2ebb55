import { ChatError } from "@parley/models";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import type { Logger } from "../logging/logger.ts";
import { addReadyGauge, type Registry } from "../metrics.ts";
import { closeServer, listen } from "./listen.ts";
import { sendProblem } from "./problem.ts";
import { setSecurityHeaders } from "./security-headers.ts";
import { observeHttp } from "./server/http-metrics.ts";
import { createHttpServer } from "./server/http-server.ts";

/** Options of `startAdmin`. */
export interface AdminOptions {
  readonly port: number;
  readonly host: string;
  /** Reasons this process isn't ready, in words for an operator; empty if it is ready. Shown by `/readyz`. */
  readonly problems: () => readonly string[];
  readonly registry: Registry;
  /** Further routes, mounted at `/`. The router does its own authorization. */
  readonly router?: RequestHandler | undefined;
  /** Log for the server's failures. Undefined: the server has neither log nor metrics of its own. */
  readonly log?: Logger;
}

/** A running admin server. */
export interface Admin {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Maximum number of sockets of an admin port. Monitoring needs only a few, and file descriptors are reserved for this
 * many.
 */
const MAX_ADMIN_SOCKETS = 32;

/**
 * Starts the admin server: `/healthz`, `/readyz` and `/metrics`. Rejects as `listen` does, with errors that name
 * ADMIN_PORT.
 */
export async function startAdmin({ port, host, log, ...options }: AdminOptions): Promise<Admin> {
  const limits = { total: MAX_ADMIN_SOCKETS, perAddress: Number.POSITIVE_INFINITY };
  const server = createHttpServer({
    handlers: { handleRequest: adminApp(options) },
    limits,
    ...(log && { observe: observeHttp(log, options.registry, { server: "admin", limits }) }),
  });
  const listening = await listen(server, { port, host, variable: "ADMIN_PORT" });
  addReadyGauge(options.registry, options.problems);
  return { url: listening.url, port: listening.port, close: () => closeServer(server, 500) };
}

function adminApp({ problems, registry, router }: Omit<AdminOptions, "port" | "host" | "log">): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use((_req, res, next) => {
    setSecurityHeaders(res);
    res.setHeader("cache-control", "no-store");
    next();
  });
  app.get("/healthz", (_req, res) => {
    res.json({ alive: true });
  });
  app.get("/readyz", (_req, res) => {
    const list = problems();
    res.status(list.length === 0 ? 200 : 503).json({ ready: list.length === 0, problems: list });
  });
  app.get("/metrics", async (_req, res) => {
    const text = await registry.metrics();
    res.setHeader("content-type", registry.contentType);
    res.end(text);
  });
  if (router) app.use(router);
  app.use((_req, res) => sendProblem(res, "not_found"));
  app.use(answerError);
  return app;
}

/** Express recognizes an error handler by its four parameters. */
const answerError: ErrorRequestHandler = (error, _req, res, _next) => {
  if (error instanceof ChatError) sendProblem(res, error);
  else sendProblem(res, isBadRequest(error) ? "invalid_parameter" : "internal");
};

/** Recognizes errors that Express reports for a bad request, such as a path that doesn't decode. */
function isBadRequest(error: unknown): boolean {
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  return typeof status === "number" && status >= 400 && status < 500;
}
