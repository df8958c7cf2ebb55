import type { IncomingMessage, ServerResponse } from "node:http";
import type { LogMessage } from "@parley/models";
import type { Observe, RouteName } from "../events.ts";
import { estimateBytes } from "../log-tail/recent-messages.ts";
import { type JsonEnvelope, type MessageParts, writeMessages } from "./json-response.ts";
import type { RequestLimiter } from "./request-limiter.ts";

export interface ResponderDeps {
  readonly limiter: RequestLimiter;
  /** Time that a client may take to read on before its response is cut off, in ms. */
  readonly slowClientMs: number;
  readonly observe: Observe;
}

/** One request and its response. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly route: RouteName;
  /** Monotonic time at which the request arrived, in ms. */
  readonly startedAt: number;
}

const ARRAY: JsonEnvelope = { before: "[", after: "]" };

/** Sends messages to clients within the limits on concurrent work, and reports each complete answer. */
export class Responder {
  readonly #deps: ResponderDeps;

  constructor(deps: ResponderDeps) {
    this.#deps = deps;
  }

  /** Sends a page. The whole page stays in memory until the client has read it, so its size counts (G5). */
  async sendPage(
    exchange: Exchange,
    user: string,
    messages: readonly LogMessage[],
    envelope: JsonEnvelope = ARRAY,
  ): Promise<void> {
    const bytes = messages.reduce((sum, message) => sum + estimateBytes(message), 0);
    const release = this.#deps.limiter.acquirePage(user, bytes);
    try {
      await this.#send(exchange, [messages], envelope, false);
    } finally {
      release();
    }
  }

  /** Sends a whole conversation, part by part. `open` begins the read once the limiter has admitted the stream. */
  async sendStream(exchange: Exchange, user: string, open: () => Promise<MessageParts>): Promise<void> {
    const release = this.#deps.limiter.acquireStream(user);
    try {
      await this.#send(exchange, await open(), ARRAY, true);
    } finally {
      release();
    }
  }

  /** Answers HEAD with the headers only. `parts` isn't read in that case. */
  async #send(
    { req, res, route, startedAt }: Exchange,
    parts: MessageParts,
    envelope: JsonEnvelope,
    whole: boolean,
  ): Promise<void> {
    const { slowClientMs, observe } = this.#deps;
    res.setHeader("content-type", "application/json");
    let messages = 0;
    if (req.method === "HEAD") res.end();
    else messages = await writeMessages(res, parts, envelope, slowClientMs);
    observe({ type: "answered", route, whole, messages, ms: performance.now() - startedAt });
  }
}
