import { createServer } from "node:http";
import { ChatError } from "@parley/models";
import express, { type ErrorRequestHandler, type Express, type Router } from "express";
import type { Registry } from "../metrics.ts";
import { closeServer, listen } from "./listen.ts";
import { sendProblem } from "./problem.ts";

export interface AdminOptions {
  readonly port: number;
  readonly host: string;
  /** What keeps this process from its work at this moment, in words; empty when it is ready. */
  readonly problems: () => readonly string[];
  readonly registry: Registry;
  /** Mounted beside at `/`. It guards itself. */
  readonly router?: Router | undefined;
}

export interface Admin {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** The port for operators: /healthz, /readyz, /metrics. Rejects as `listen` does, for ADMIN_PORT. */
export async function startAdmin({ port, host, ...options }: AdminOptions): Promise<Admin> {
  const server = createServer(adminApp(options));
  const listening = await listen(server, { port, host, variable: "ADMIN_PORT" });
  return { url: listening.url, port: listening.port, close: () => closeServer(server, 500) };
}

function adminApp({ problems, registry, router }: Omit<AdminOptions, "port" | "host">): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use((_req, res, next) => {
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

/** Express knows an error handler by its four parameters. */
const answerError: ErrorRequestHandler = (error, _req, res, _next) => {
  if (error instanceof ChatError) sendProblem(res, error);
  else sendProblem(res, isBadRequest(error) ? "invalid_parameter" : "internal");
};

/** What Express itself finds wrong with a request, such as a path that does not decode. */
function isBadRequest(error: unknown): boolean {
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  return typeof status === "number" && status >= 400 && status < 500;
}
