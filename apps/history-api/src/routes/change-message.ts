import type { IncomingMessage, ServerResponse } from "node:http";
import { SCOPES } from "@parley/auth";
import { ChatError, decodeEditRequest, MAX_FRAME_BYTES } from "@parley/models";
import {
  assertJson,
  ERROR_COST,
  type RateLimiter,
  REQUEST_COST,
  rateError,
  readBody,
  refuseUnknownParameters,
  sendReceipt,
  type UnansweredRequests,
} from "@parley/service";
import type { Changes } from "../changing/changes.ts";
import type { Observe } from "../events.ts";
import type { Exchange, OpenExchange } from "../http/exchange.ts";
import { assertId, readDeletionQuery } from "./query.ts";

export interface ChangeMessageDeps {
  readonly changes: Changes;
  readonly openExchange: OpenExchange;
  /** The rates of users, as for frames (P32). */
  readonly rateLimiter: RateLimiter;
  readonly unansweredRequests: UnansweredRequests;
  readonly maxContentBytes: number;
  readonly observe: Observe;
  /** The current time of a monotonic clock, in ms. */
  readonly now: () => number;
}

/**
 * `PATCH /message/:id` and `DELETE /message/:id`: edit and delete a message (P73). A request counts for its user like a
 * frame: against the same rates, and with a bound on the requests without an answer (G5).
 */
export function changeMessageRoutes(deps: ChangeMessageDeps) {
  const { changes, rateLimiter, maxContentBytes, observe, now } = deps;

  async function edit(req: IncomingMessage, res: ServerResponse, id: string): Promise<void> {
    await answer(req, res, async ({ deadline, identity: { user }, assertStillAccepted }) => {
      assertId(id);
      refuseUnknownParameters(req.url ?? "", []);
      assertJson(req);
      const text = await readBody(req, MAX_FRAME_BYTES);
      await deadline.during("token", assertStillAccepted);
      count(user, Buffer.byteLength(text));
      const decoded = decodeEditRequest(text, { maxContentBytes });
      if (!decoded.ok) throw new ChatError(decoded.code, decoded.message === undefined ? {} : decoded);
      const { ref, ...content } = decoded.edit;
      const change = await changes.edit({ user, id, ref, deadline }, content);
      observe({ type: "changed", kind: "edit", by: undefined });
      return change;
    });
  }

  async function remove(req: IncomingMessage, res: ServerResponse, id: string): Promise<void> {
    await answer(req, res, async ({ deadline, identity: { user, scopes } }) => {
      assertId(id);
      const { ref } = readDeletionQuery(req.url ?? "");
      count(user, 0);
      const isModerator = scopes.has(SCOPES.moderate);
      const change = await changes.delete({ user, id, ref, deadline, isModerator });
      observe({ type: "changed", kind: "delete", by: isModerator ? user : undefined });
      return change;
    });
  }

  /** Opens the exchange, and answers with the id of the change that `change` makes. */
  async function answer(
    req: IncomingMessage,
    res: ServerResponse,
    change: (exchange: Exchange) => Promise<string>,
  ): Promise<void> {
    const { openExchange, unansweredRequests } = deps;
    const exchange = await openExchange(req, res, "message");
    const { user } = exchange.identity;
    await unansweredRequests.during(user, async () => {
      try {
        const id = await change(exchange);
        exchange.deadline.clear();
        if (!res.closed) sendReceipt(res, id);
      } catch (error) {
        rateLimiter.chargeReading(user, ERROR_COST, now());
        throw error;
      }
    });
  }

  /** Counts a request, valid or not, as a frame. */
  function count(user: string, bytes: number): void {
    const retryAfterMs = rateLimiter.aheadMs(user, now());
    if (retryAfterMs > 0) throw rateError({ kind: "limited", limit: "bytes", retryAfterMs });
    rateLimiter.chargeReading(user, REQUEST_COST + bytes, now());
    const verdict = rateLimiter.take(user, now(), bytes);
    if (verdict.kind !== "pass") throw rateError(verdict);
  }

  return { edit, remove };
}
