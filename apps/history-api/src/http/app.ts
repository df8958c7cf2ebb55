import type { ServerResponse } from "node:http";
import type { JudgingVerifier } from "@parley/auth";
import { ChatError, type ErrorCode } from "@parley/models";
import {
  answerCors,
  type OriginPolicy,
  type RateLimiter,
  routeList,
  setSecurityHeaders,
  type TrustedProxies,
  type UnansweredRequests,
} from "@parley/service";
import express, { type Express, type Request, type RequestHandler } from "express";
import type { Changes } from "../changing/changes.ts";
import type { Observe } from "../events.ts";
import type { FeedWaits } from "../feed/feed-waits.ts";
import type { RequestLimiter } from "../limits/request-limiter.ts";
import type { ReadStates } from "../marks/read-states.ts";
import type { Conversations } from "../queries/conversations.ts";
import type { History } from "../queries/history.ts";
import { changeMessageRoutes } from "../routes/change-message.ts";
import { conversationsRoute } from "../routes/conversations.ts";
import { documentRoutes, textRoute } from "../routes/documents.ts";
import { feedRoute } from "../routes/feed.ts";
import { messageRoute } from "../routes/message.ts";
import { messagesRoute } from "../routes/messages.ts";
import { syncRoute } from "../routes/sync.ts";
import { errorHandler } from "./error-handler.ts";
import { createOpenExchange } from "./exchange.ts";
import { methodsOf } from "./methods.ts";
import { Responder } from "./responder.ts";

export interface AppDeps {
  readonly history: History;
  readonly conversations: Conversations;
  readonly feedWaits: FeedWaits;
  readonly readStates: ReadStates;
  readonly changes: Changes;
  readonly rateLimiter: RateLimiter;
  readonly unansweredRequests: UnansweredRequests;
  readonly maxContentBytes: number;
  /** The current time of a monotonic clock, in ms. */
  readonly now: () => number;
  readonly verifier: JudgingVerifier;
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
  "/feed",
  "/conversations",
  "/docs",
  "/openapi.json",
  "/asyncapi.json",
];
/** Maximum length of a URL, in characters: room for two percent-encoded usernames and the parameters. */
const MAX_URL_LENGTH = 4_096;
/** Maximum size of the body of a request whose route reads none, in bytes. */
const MAX_BODY_BYTES = 1_024;

/**
 * Creates the HTTP handler of history-api: the checks that every request passes, the routes, and the error answers
 * (P55).
 */
export function createApp(deps: AppDeps): Express {
  const { history, conversations, feedWaits, readStates, limiter, slowClientMs, observe } = deps;
  const openExchange = createOpenExchange(deps);
  const responder = new Responder({ limiter, slowClientMs, observe });
  const messages = messagesRoute({ history, openExchange, responder, observe });
  const message = messageRoute({ history, openExchange, responder, observe });
  const changeMessage = changeMessageRoutes({ ...deps, openExchange });
  const app = express();
  app.disable("x-powered-by");
  app.enable("strict routing").enable("case sensitive routing");
  app.use(checkRequest(deps));
  app.get("/", textRoute(indexText()));
  app.get("/messages", (req, res) => messages(req, res, ""));
  app.get("/messages/:username", (req, res) => messages(req, res, req.params.username));
  app.get("/message/:id", (req, res) => message(req, res, req.params.id));
  app.patch("/message/:id", (req, res) => changeMessage.edit(req, res, req.params.id));
  app.delete("/message/:id", (req, res) => changeMessage.remove(req, res, req.params.id));
  app.get("/sync", syncRoute({ history, openExchange, responder, observe }));
  app.get("/feed", feedRoute({ history, feedWaits, openExchange, responder }));
  const list = { conversations, history, readStates, openExchange, responder, observe };
  app.get("/conversations", conversationsRoute(list));
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
    if (answerCors(origins, req, res, methodsOf(req.path))) return;
    origins.assertPermitted(req);
    assertSize(req);
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

function assertSize({ originalUrl, headers, method, path }: Request): void {
  if (originalUrl.length > MAX_URL_LENGTH) throw new ChatError("uri_too_long");
  // Its route reads the body, within a limit of its own.
  if (method === "PATCH" && methodsOf(path).includes(method)) return;
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
