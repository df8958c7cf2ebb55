import { type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { ChatError } from "@parley/models";
import { acceptsHtml } from "@parley/page";
import {
  appFor,
  createFrontSecret,
  createHttpServer,
  FRONT_HEADER,
  isDirect,
  maxSocketsFor,
  type ObserveHttp,
  pathOf,
  ROUTES,
  type Route,
  rejectUpgrade,
  sendProblem,
  setSecurityHeaders,
} from "@parley/service";
import { createProxyServer, type ProxyServer } from "httpxy";

/** One process behind the front. */
export interface Upstream {
  /** `http://127.0.0.1:20000` */
  readonly url: string;
  /** Resolves with true if the process accepts requests now. Never rejects. */
  isReady(): Promise<boolean>;
}

export interface FrontOptions {
  /** By this secret the gateways know the front (P60). Random by default. */
  readonly secret?: string;
  readonly observe?: ObserveHttp | undefined;
}

/** Processes by app. */
export type Upstreams = Readonly<Record<Route["app"], readonly Upstream[]>>;

/** Time limit for the answer to an upgrade, and for the next part of any other answer. */
const UPSTREAM_TIMEOUT_MS = 30_000;
const RETRY_AFTER_MS = 1_000;
/** Headers about the client's connection to the front. Node has answered `Expect` already. */
const CONNECTION_HEADERS = new Set(["trailer", "te", "keep-alive", "proxy-connection", "expect"]);
/** Each socket of a client needs another one to an app. */
const DESCRIPTORS_PER_SOCKET = 2;

/**
 * Creates a reverse proxy for a system that is split into processes on this machine. It routes each request to an app
 * by the table of routes, and to the app's ready processes in turn. If no process is ready, it answers 503 as
 * problem+json. At `/` browsers get the page from a gateway, and other clients get a plain-text list of the routes.
 *
 * It tells the gateways by `secret` which requests came to it directly, without another proxy: only for these they issue
 * development tokens (P60).
 *
 * The returned server doesn't listen yet. It isn't meant for the internet: see deploy/ for that.
 */
export function createFront(
  upstreams: Upstreams,
  { secret = createFrontSecret(), observe }: FrontOptions = {},
): Server {
  const proxy = createProxy();
  const turns = { gateway: inTurn(upstreams.gateway), "history-api": inTurn(upstreams["history-api"]) };

  /** Resolves with the URL of the process that should answer, or with an error. */
  async function targetOf(req: IncomingMessage): Promise<string | ChatError> {
    const app = wantsPage(req) ? "gateway" : appFor(pathOf(req));
    if (app === undefined) return new ChatError("not_found");
    return (await turns[app]()) ?? unavailable();
  }

  async function handleRequest(req: IncomingMessage, res: ServerResponse): Promise<void> {
    delete req.headers.upgrade;
    setSecurityHeaders(res);
    if (pathOf(req) === "/" && !wantsPage(req)) return answerOverview(res, upstreams);
    const target = await targetOf(req);
    if (target instanceof ChatError) sendProblem(res, target);
    else await proxy.web(forwardable(req, secret), res, { target });
  }

  async function handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const target = await targetOf(req);
    if (target instanceof ChatError) answerUpgrade(socket, target);
    else await proxy.ws(forwardable(req, secret), req.socket, { target }, head);
  }

  const total = Math.floor(maxSocketsFor() / DESCRIPTORS_PER_SOCKET);
  const limits = { total, perAddress: Number.POSITIVE_INFINITY };
  const handlers = { handleRequest, handleUpgrade };
  return createHttpServer({ handlers, limits, ...(observe && { observe }) });
}

function createProxy(): ProxyServer {
  const proxy = createProxyServer({
    xfwd: true,
    proxyTimeout: UPSTREAM_TIMEOUT_MS,
    upgradeTimeout: UPSTREAM_TIMEOUT_MS,
  });
  proxy.on("error", (_error, _req, res) => {
    if (res instanceof ServerResponse) sendProblem(res, unavailable());
    else if (res !== undefined) answerUpgrade(res, unavailable());
  });
  return proxy;
}

/** Returns a function that resolves with the ready upstreams' URLs in turn, or with undefined if none is ready. */
function inTurn(upstreams: readonly Upstream[]): () => Promise<string | undefined> {
  let turn = 0;
  return async () => {
    const first = turn++;
    for (let i = 0; i < upstreams.length; i++) {
      const upstream = upstreams[(first + i) % upstreams.length];
      if (await upstream?.isReady()) return upstream?.url;
    }
    return undefined;
  };
}

/** Returns true for a browser's request for the page: only browsers name HTML in `Accept`. */
function wantsPage(req: IncomingMessage): boolean {
  return pathOf(req) === "/" && acceptsHtml(req);
}

/**
 * Removes headers that aren't for the app: X-Forwarded ones and the mark of another front, which a client could forge and
 * the proxy adds itself, and those for one connection only. With `Trailer` the request to the app would fail outside of any
 * handler. Marks a request that came to this front directly, and no other.
 */
function forwardable(req: IncomingMessage, secret: string): IncomingMessage {
  const mark = isDirect(req) ? secret : undefined;
  for (const name of Object.keys(req.headers)) {
    const isForged = name.startsWith("x-forwarded-") || name === FRONT_HEADER;
    if (isForged || CONNECTION_HEADERS.has(name)) delete req.headers[name];
  }
  if (mark !== undefined) req.headers[FRONT_HEADER] = mark;
  return req;
}

function unavailable(): ChatError {
  return new ChatError("unavailable", { retryAfterMs: RETRY_AFTER_MS });
}

/** Refuses an upgrade. If an answer has begun on the socket, the socket is destroyed, because no other can follow. */
function answerUpgrade(socket: Duplex, error: ChatError): void {
  if (!socket.writable || ("bytesWritten" in socket && socket.bytesWritten !== 0)) socket.destroy();
  else rejectUpgrade(socket, error);
}

function answerOverview(res: ServerResponse, upstreams: Upstreams): void {
  const lines = ROUTES.map(({ path, prefix, app }) => {
    const urls = upstreams[app].map(({ url }) => url).join(", ");
    return `${(path + (prefix ? "*" : "")).padEnd(16)} ${app.padEnd(12)} ${urls}`;
  });
  res.writeHead(200, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
  res.end(`Parley. Routes, the app that serves each, and its processes:\n\n${lines.join("\n")}\n`);
}
