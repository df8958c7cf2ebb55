import type { IncomingMessage, ServerResponse } from "node:http";
import type { LiveFeed } from "@parley/bus";
import { ChatError } from "@parley/models";
import type { Page } from "@parley/page";
import { answerCors, type OriginPolicy, pathOf, ROUTES, sendProblem } from "@parley/service";
import type { Observe } from "../events.ts";
import type { Admission } from "../upgrade/admission.ts";
import { giveToken, type IssueToken } from "./dev-tokens.ts";

export interface RequestsParts {
  readonly admission: Admission;
  readonly live: LiveFeed;
  readonly origins: OriginPolicy;
  /** Undefined where such tokens are not given (P60). */
  readonly issueToken: IssueToken | undefined;
  /** What browsers get; undefined where none was built. */
  readonly page: Page | undefined;
  readonly observe: Observe;
}

type Route = (id: string, req: IncomingMessage, res: ServerResponse) => Promise<void>;

/** Plain HTTP: P3 for /ws, P60, the page for browsers, and what is served where for everybody else. */
export class Requests {
  readonly #parts: RequestsParts;
  readonly #routes: ReadonlyMap<string, Route>;

  constructor(parts: RequestsParts) {
    this.#parts = parts;
    this.#routes = new Map<string, Route>([
      ["/", (_id, req, res) => this.#index(req, res)],
      ["/ws", (id, req, res) => this.#notUpgraded(id, req, res)],
      ["/auth/token", (id, req, res) => this.#token(id, req, res)],
    ]);
  }

  handle(id: string, req: IncomingMessage, res: ServerResponse): void {
    if (this.#parts.page?.answer(req, res)) return;
    const route = this.#routes.get(pathOf(req)) ?? notFound;
    route(id, req, res).catch((error: unknown) => this.#refuse(id, req, res, error));
  }

  async #index(req: IncomingMessage, res: ServerResponse): Promise<void> {
    assertMethod(req, "GET");
    const lines = ROUTES.map(({ path, app }) => `${path.padEnd(16)}${app}`);
    const text = `Parley, a chat backend. What is served where:\n\n${lines.join("\n")}\n`;
    res.writeHead(200, { "content-type": "text/plain; charset=utf-8", vary: "Accept" }).end(text);
  }

  /** Answers as the upgrade would, so that a browser, which sees nothing of that, can ask what was wrong (P3). */
  async #notUpgraded(id: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { admission, live, origins, observe } = this.#parts;
    if (answerCors(origins, req, res, "GET")) return;
    assertMethod(req, "GET");
    admission.assertRoom(await admission.identify(req));
    if (live.problem() !== undefined) throw new ChatError("unavailable", { retryAfterMs: 1_000 });
    observe({ type: "refused", request: id, code: "upgrade_required", upgrade: false });
    const headers = { upgrade: "websocket", connection: "Upgrade" };
    sendProblem(res, "upgrade_required", { requestId: id, headers });
  }

  async #token(id: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { issueToken, origins, observe } = this.#parts;
    if (!issueToken) throw new ChatError("not_found");
    if (answerCors(origins, req, res, "POST")) return;
    assertMethod(req, "POST");
    if (!origins.permits(req.headers.origin, req.headers.host)) throw new ChatError("origin_not_allowed");
    const user = await giveToken(req, res, issueToken);
    observe({ type: "token-issued", request: id, user });
  }

  /** A client that went before it had said all is owed no answer, and is no failure. */
  #refuse(id: string, req: IncomingMessage, res: ServerResponse, reason: unknown): void {
    if (req.errored) return;
    const { observe } = this.#parts;
    const error = reason instanceof ChatError ? reason : new ChatError("internal", { cause: reason });
    if (error.code === "internal") observe({ type: "failure", request: id, error: error.cause });
    observe({ type: "refused", request: id, code: error.code, upgrade: false });
    sendProblem(res, error, { requestId: id, headers: refusalHeaders(error, req) });
  }
}

function assertMethod(req: IncomingMessage, method: string): void {
  if (req.method !== method) throw new ChatError("method_not_allowed");
}

function notFound(): Promise<void> {
  return Promise.reject(new ChatError("not_found"));
}

/** What has not been read of a body that nobody wants must not hold the connection open. */
function refusalHeaders({ code }: ChatError, req: IncomingMessage): Record<string, string> {
  return {
    ...(code === "method_not_allowed" && { allow: pathOf(req) === "/auth/token" ? "POST" : "GET" }),
    ...(!req.complete && { connection: "close" }),
  };
}
