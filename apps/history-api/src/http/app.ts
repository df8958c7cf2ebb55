import type { ServerResponse } from "node:http";
import type { Verifier } from "@parley/auth";
import { ChatError, type ErrorCode } from "@parley/models";
import {
  answerCors,
  type OriginPolicy,
  routeList,
  setSecurityHeaders,
  type TrustedProxies,
} from "@parley/service";
import express, { type Express, type RequestHandler } from "express";
import type { Observe } from "../events.ts";
import type { RequestLimiter } from "../limits/request-limiter.ts";
import type { Conversations } from "../queries/conversations.ts";
import type { History } from "../queries/history.ts";
import { conversationsRoute } from "../routes/conversations.ts";
import { documentRoutes, textRoute } from "../routes/documents.ts";
import { messageRoute } from "../routes/message.ts";
import { messagesRoute } from "../routes/messages.ts";
import { syncRoute } from "../routes/sync.ts";
import { errorHandler } from "./error-handler.ts";
import { createOpenExchange } from "./exchange.ts";
import { Responder } from "./responder.ts";

export interface AppDeps {
  readonly history: History;
  readonly conversations: Conversations;
  readonly verifier: Verifier;
  readonly origins: OriginPolicy;
  readonly limiter: RequestLimiter;
  readonly trustedProxies: TrustedProxies;
  readonly answerTimeoutMs: number;
  readonly slowClientMs: number;
  readonly observe: Observe;
}

const PATHS = [
  "/",
  "/messages",
  "/messages/:username",
  "/message/:id",
  "/sync",
  "/conversations",
  "/docs",
  "/openapi.json",
  "/asyncapi.json",
];
const CORS_METHODS = "GET, HEAD";
/** Maximum length of a URL, in characters: room for two percent-encoded usernames and the parameters. */
const MAX_URL_LENGTH = 4_096;
/** Maximum size of a request's body, in bytes. No route reads a body. */
const MAX_BODY_BYTES = 1_024;

/**
 * Creates the HTTP handler of history-api: the checks that every request passes, the routes, and the error answers
 * (P55).
 */
export function createApp(deps: AppDeps): Express {
  const { history, conversations, limiter, slowClientMs, observe } = deps;
  const openExchange = createOpenExchange(deps);
  const responder = new Responder({ limiter, slowClientMs, observe });
  const messages = messagesRoute({ history, openExchange, responder, observe });
  const message = messageRoute({ history, openExchange, responder, observe });
  const app = express();
  app.disable("x-powered-by");
  app.enable("strict routing").enable("case sensitive routing");
  app.use(checkRequest(deps));
  app.get("/", textRoute(indexText()));
  app.get("/messages", (req, res) => messages(req, res, ""));
  app.get("/messages/:username", (req, res) => messages(req, res, req.params.username));
  app.get("/message/:id", (req, res) => message(req, res, req.params.id));
  app.get("/sync", syncRoute({ history, openExchange, responder, observe }));
  app.get("/conversations", conversationsRoute({ conversations, openExchange, responder, observe }));
  for (const [path, handler] of Object.entries(documentRoutes())) app.get(path, handler);
  app.all(PATHS, failWith("method_not_allowed"));
  app.use(failWith("not_found"));
  app.use(errorHandler(observe));
  return app;
}

/**
 * Answers CORS preflights, and refuses requests of pages that aren't allowed and requests that are too large. Also
 * limits the time that a complete response waits for its client to read it.
 */
function checkRequest({ origins, slowClientMs, observe }: AppDeps): RequestHandler {
  return (req, res, next) => {
    setSecurityHeaders(res);
    res.setHeader("cache-control", "no-store");
    if (answerCors(origins, req, res, CORS_METHODS)) return;
    origins.assertPermitted(req);
    assertSize(req.originalUrl, req.headers);
    res.once("prefinish", () => {
      const onUnread = () => observe({ type: "abandoned", slow: true });
      destroyIfUnread(res, slowClientMs, onUnread);
    });
    next();
  };
}

/**
 * Destroys the connection of a complete response that its client doesn't read in time. Otherwise the response would
 * occupy memory for ever (G5).
 */
function destroyIfUnread(res: ServerResponse, slowClientMs: number, onUnread: () => void): void {
  const timer = setTimeout(() => {
    onUnread();
    res.destroy();
  }, slowClientMs);
  res.once("close", () => clearTimeout(timer));
}

function assertSize(url: string, headers: Readonly<Record<string, string | string[] | undefined>>): void {
  if (url.length > MAX_URL_LENGTH) throw new ChatError("uri_too_long");
  const isUnbounded = headers["transfer-encoding"] !== undefined;
  if (isUnbounded || Number(headers["content-length"] ?? 0) > MAX_BODY_BYTES)
    throw new ChatError("payload_too_large", {
      message: "Requests to this server have no body. Send the request without one.",
    });
}

function indexText(): string {
  return `Parley, a chat backend. Public routes, and the service that answers each:\n\n${routeList()}\n`;
}

function failWith(code: ErrorCode): RequestHandler {
  return () => {
    throw new ChatError(code);
  };
}
