import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { ChatError, type ErrorCode } from "@parley/models";
import { answerCors, type OriginPolicy, ROUTES, sendProblem } from "@parley/service";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { chatErrorOf } from "../errors.ts";
import type { Observe } from "../events.ts";
import { documents } from "../routes/documents.ts";
import type { Routes } from "../routes/routes.ts";
import type { Admission } from "./admission.ts";
import { Abandoned } from "./json-response.ts";

export interface HttpParts {
  readonly routes: Routes;
  readonly origins: OriginPolicy;
  readonly admission: Admission;
  readonly slowClientMs: number;
  readonly observe: Observe;
}

const PATHS = [
  "/",
  "/messages",
  "/messages/:username",
  "/sync",
  "/conversations",
  "/docs",
  "/openapi.json",
  "/asyncapi.json",
];
const METHODS = "GET, HEAD";
const ALLOW = "GET, HEAD, OPTIONS";
/** In characters, and in bytes: two usernames in full escape, and room for parameters; no request has a body. */
const MAX_URL = 4_096;
const MAX_BODY_BYTES = 1_024;

/** Around the answers: what is refused whatever is asked for, and how anything is refused (P55). */
export function createHttp({ routes, origins, admission, slowClientMs, observe }: HttpParts): Express {
  const app = express();
  app.disable("x-powered-by");
  app.enable("strict routing").enable("case sensitive routing");
  app.use((req, res, next) => {
    res.setHeader("cache-control", "no-store");
    if (answerCors(origins, req, res, METHODS)) return;
    assertSize(req.originalUrl, req.headers);
    const leave = admission.enter();
    res.once("close", leave);
    res.once("prefinish", () => {
      const unread = () => observe({ type: "abandoned", slow: true });
      cutIfNotTaken(res, slowClientMs, unread);
    });
    next();
  });
  app.get("/", (_req, res) => {
    res.type("text").end(indexText());
  });
  app.get("/messages", (req, res) => routes.messages(req, res, ""));
  app.get("/messages/:username", (req, res) => routes.messages(req, res, req.params.username));
  app.get("/sync", (req, res) => routes.sync(req, res));
  app.get("/conversations", (req, res) => routes.conversations(req, res));
  for (const [path, answer] of Object.entries(documents())) app.get(path, answer);
  app.all(PATHS, refusing("method_not_allowed"));
  app.use(refusing("not_found"));
  app.use(answerError(observe));
  return app;
}

/** The end of an answer waits for its reader no longer than the rest: unread, it would keep its place for ever (G5). */
function cutIfNotTaken(res: ServerResponse, slowClientMs: number, unread: () => void): void {
  const timer = setTimeout(() => {
    unread();
    res.destroy();
  }, slowClientMs);
  res.once("close", () => clearTimeout(timer));
}

function assertSize(url: string, headers: Readonly<Record<string, string | string[] | undefined>>): void {
  if (url.length > MAX_URL) throw new ChatError("uri_too_long");
  const isUnbounded = headers["transfer-encoding"] !== undefined;
  if (isUnbounded || Number(headers["content-length"] ?? 0) > MAX_BODY_BYTES)
    throw new ChatError("payload_too_large", { message: "Requests here have no body." });
}

function indexText(): string {
  const lines = ROUTES.map(({ path, app }) => `${path.padEnd(16)}${app}`);
  return `Parley, a chat backend. What is served where:\n\n${lines.join("\n")}\n`;
}

function refusing(code: ErrorCode): RequestHandler {
  return () => {
    throw new ChatError(code);
  };
}

/** Express knows an error handler by its four parameters. */
function answerError(observe: Observe): ErrorRequestHandler {
  return (reason, req, res, _next) => {
    if (reason instanceof Abandoned) {
      observe({ type: "abandoned", slow: reason.slow });
      res.destroy();
      return;
    }
    const error = isUndecodable(reason) ? new ChatError(codeOfPath(req.path)) : chatErrorOf(reason);
    const request = randomUUID();
    if (error.code === "internal") observe({ type: "failure", request, error: error.cause });
    observe({ type: "refused", request, code: error.code, cut: res.headersSent });
    if (!res.headersSent) res.removeHeader("link");
    sendProblem(res, error, { requestId: request, headers: refusalHeaders(error, req.complete) });
  };
}

/** What a path holds after `%` may be no UTF-8; the router finds out. */
function isUndecodable(error: unknown): boolean {
  return error instanceof URIError;
}

function codeOfPath(path: string): ErrorCode {
  return path.startsWith("/messages/") ? "invalid_username" : "invalid_parameter";
}

/** What was not read of a body that nobody wants must not hold the connection open. */
function refusalHeaders({ code }: ChatError, isRead: boolean): Record<string, string> {
  return {
    ...(code === "method_not_allowed" && { allow: ALLOW }),
    ...(!isRead && { connection: "close" }),
  };
}
