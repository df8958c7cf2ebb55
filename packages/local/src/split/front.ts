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
  /** Address of the process, such as `http://127.0.0.1:20000`. */
  readonly url: string;
  /** Resolves with true if the process accepts requests now. Never rejects. */
  isReady(): Promise<boolean>;
}

export interface FrontOptions {
  /** The gateways recognize the front by this secret (P60). Random by default. */
  readonly secret?: string;
  readonly observe?: ObserveHttp | undefined;
}

/** The processes of each app. */
export type Upstreams = Readonly<Record<Route["app"], readonly Upstream[]>>;

/**
 * Time limit for an app's answer to an upgrade. Also the longest silence of an app during any other request: more than the
 * longest wait of `/feed` and the time for the answer after it (P63, P55).
 */
const UPSTREAM_TIMEOUT_MS = 40_000;
const RETRY_AFTER_MS = 1_000;
/**
 * Headers that concern only the client's connection to the front, so they aren't forwarded. `Expect` is among them
 * because Node has already answered it.
 */
const CONNECTION_HEADERS = new Set(["trailer", "te", "keep-alive", "proxy-connection", "expect"]);
/** Each socket from a client needs a second socket, from the front to an app. */
const DESCRIPTORS_PER_SOCKET = 2;

/**
 * Creates a reverse proxy for a system that is split into processes on this machine. For each request it chooses an
 * app by the table of routes, and then the app's ready processes in turn. If no process is ready, it answers 503 as
 * problem+json. At `/` browsers get the page from a gateway, and other clients get a plain-text list of the routes.
 *
 * The proxy uses `secret` to mark requests that reached it directly, without another proxy. If a request comes
 * through this front, a gateway issues a development token only if the request is marked (P60).
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
    if (target instanceof ChatError) answerUpgrade(req, socket, target);
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
  proxy.on("error", (_error, req, res) => {
    if (res instanceof ServerResponse) sendProblem(res, unavailable());
    else if (req && res) answerUpgrade(req, res, unavailable());
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
 * Removes headers that the app must not get. A client could forge X-Forwarded headers and the front's mark, so only
 * the proxy sets them. Other headers are meant for one connection only; with `Trailer`, the request to the app would
 * even fail outside of any handler. Then marks the request if it came to this front directly.
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

/**
 * Refuses an upgrade. If an answer has already begun on the socket, destroys the socket, because a second can't
 * follow.
 */
function answerUpgrade(req: IncomingMessage, socket: Duplex, error: ChatError): void {
  if (!socket.writable || ("bytesWritten" in socket && socket.bytesWritten !== 0)) socket.destroy();
  else rejectUpgrade(req, socket, error);
}

function answerOverview(res: ServerResponse, upstreams: Upstreams): void {
  const lines = ROUTES.map(({ path, prefix, app }) => {
    const urls = upstreams[app].map(({ url }) => url).join(", ");
    return `${(path + (prefix ? "*" : "")).padEnd(16)} ${app.padEnd(12)} ${urls}`;
  });
  res.writeHead(200, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
  res.end(`Parley. Routes, the app that serves each, and its processes:\n\n${lines.join("\n")}\n`);
}
