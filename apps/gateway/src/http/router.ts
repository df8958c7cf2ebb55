import type { IncomingMessage, ServerResponse } from "node:http";
import type { LiveFeed } from "@parley/bus";
import { ChatError } from "@parley/models";
import type { Page } from "@parley/page";
import {
  answerCors,
  type OriginPolicy,
  pathOf,
  routeList,
  sendProblem,
  setSecurityHeaders,
} from "@parley/service";
import type { Observe } from "../events.ts";
import type { Admission } from "../upgrade/admission.ts";
import { answerTokenRequest, type IssueToken } from "./dev-tokens.ts";
import type { SendRoute } from "./send.ts";

export interface RouterDeps {
  readonly admission: Admission;
  readonly sendRoute: SendRoute;
  readonly live: LiveFeed;
  readonly origins: OriginPolicy;
  /** Undefined: `/auth/token` answers 404 (P60). */
  readonly issueToken: IssueToken | undefined;
  /** See `GatewayOptions`. */
  readonly frontSecret: string | undefined;
  /** The web page for browsers. Undefined: none was built. */
  readonly page: Page | undefined;
  readonly observe: Observe;
}

type Route = (id: string, req: IncomingMessage, res: ServerResponse) => Promise<void>;

/** The paths to which clients send a body. All others are read with GET. */
const POST_PATHS: ReadonlySet<string> = new Set(["/auth/token", "/send"]);

/**
 * Answers plain HTTP requests: `/ws` without an upgrade (P3), `/send` (P62), `/auth/token` (P60), the web page for
 * browsers, and at `/` a list of all routes for everyone else.
 */
export class Router {
  readonly #deps: RouterDeps;
  readonly #routes: ReadonlyMap<string, Route>;

  constructor(deps: RouterDeps) {
    this.#deps = deps;
    this.#routes = new Map<string, Route>([
      ["/", (_id, req, res) => this.#index(req, res)],
      ["/ws", (id, req, res) => this.#explainUpgrade(id, req, res)],
      ["/send", (id, req, res) => this.#send(id, req, res)],
      ["/auth/token", (id, req, res) => this.#issueToken(id, req, res)],
    ]);
  }

  handle(id: string, req: IncomingMessage, res: ServerResponse): void {
    setSecurityHeaders(res);
    if (this.#deps.page?.answer(req, res)) return;
    const route = this.#routes.get(pathOf(req)) ?? ((_id, req, res) => this.#notFound(req, res));
    route(id, req, res).catch((error: unknown) => this.#refuse(id, req, res, error));
  }

  async #index(req: IncomingMessage, res: ServerResponse): Promise<void> {
    assertMethod(req, "GET");
    const text = `Parley, a chat backend. Routes, and the service that answers each:\n\n${routeList()}\n`;
    res.writeHead(200, { "content-type": "text/plain; charset=utf-8", vary: "Accept" }).end(text);
  }

  /**
   * Answers with the error that an upgrade would get, because a browser doesn't tell its script why an upgrade
   * failed. If an upgrade would succeed, the error is `upgrade_required` (P3).
   */
  async #explainUpgrade(id: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { admission, live, origins, observe } = this.#deps;
    if (answerCors(origins, req, res, "GET")) return;
    assertMethod(req, "GET");
    const gone = new AbortController();
    res.once("close", () => gone.abort());
    admission.assertCapacity(await admission.authenticate(req, gone.signal));
    if (live.problem() !== undefined) throw new ChatError("unavailable", { retryAfterMs: 1_000 });
    observe({ type: "refused", request: id, code: "upgrade_required", upgrade: false });
    const headers = { upgrade: "websocket", connection: "Upgrade" };
    sendProblem(res, "upgrade_required", { requestId: id, headers });
  }

  async #send(id: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (answerCors(this.#deps.origins, req, res, "POST")) return;
    assertMethod(req, "POST");
    await this.#deps.sendRoute.answer(id, req, res);
  }

  async #issueToken(id: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { issueToken, frontSecret, origins, observe } = this.#deps;
    if (answerCors(origins, req, res, "POST")) return;
    if (!issueToken) throw new ChatError("not_found");
    assertMethod(req, "POST");
    origins.assertPermitted(req);
    const user = await answerTokenRequest(req, res, { issue: issueToken, frontSecret });
    observe({ type: "token-issued", request: id, user });
  }

  /** Answers a preflight too, so that a page with a wrong address can read that nothing is there. */
  async #notFound(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (!answerCors(this.#deps.origins, req, res, "GET")) throw new ChatError("not_found");
  }

  /**
   * Answers with the error, unless the client has disconnected: then there is nobody to answer, and nothing failed.
   */
  #refuse(id: string, req: IncomingMessage, res: ServerResponse, reason: unknown): void {
    if (req.errored || res.closed) return;
    const { observe } = this.#deps;
    const error = reason instanceof ChatError ? reason : new ChatError("internal", { cause: reason });
    if (error.code === "internal") observe({ type: "failure", request: id, error: error.cause });
    observe({ type: "refused", request: id, code: error.code, upgrade: false });
    sendProblem(res, error, { requestId: id, headers: refusalHeaders(error, req) });
  }
}

function assertMethod(req: IncomingMessage, method: string): void {
  if (req.method !== method) throw new ChatError("method_not_allowed");
}

/**
 * Returns the headers of an error response. While the process stops, the connection is closed, so that the client's next
 * request reaches another process.
 */
function refusalHeaders({ code }: ChatError, req: IncomingMessage): Record<string, string> {
  return {
    ...(code === "method_not_allowed" && { allow: POST_PATHS.has(pathOf(req)) ? "POST" : "GET" }),
    ...(code === "draining" && { connection: "close" }),
  };
}
