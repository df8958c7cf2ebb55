import type { IncomingMessage, ServerResponse } from "node:http";
import { SCOPES } from "@parley/auth";
import { ChatError, decodeEditRequest, MAX_FRAME_BYTES } from "@parley/models";
import {
  assertJson,
  chargeRequest,
  ERROR_COST,
  type RateLimiter,
  rateError,
  readChargedBody,
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

/** At least the bytes of the frame that each reader gets of a deletion: three names of up to 256 bytes, and the rest. */
const DELETION_BYTES = 1_024;

/**
 * `PATCH /message/:id` and `DELETE /message/:id`: edit and delete a message (P73). A request counts for its user like a
 * frame: against the same rates, and with a bound on the requests without an answer (G5).
 */
export function changeMessageRoutes(deps: ChangeMessageDeps) {
  const { changes, rateLimiter, maxContentBytes, observe, now } = deps;

  async function edit(req: IncomingMessage, res: ServerResponse, id: string): Promise<void> {
    await answer(req, res, async (exchange) => {
      const { assertStillAccepted, identity } = exchange;
      const { user } = identity;
      assertId(id);
      refuseUnknownParameters(req.url ?? "", []);
      assertJson(req);
      // The client's time for its body is no part of the server's time for the answer.
      exchange.deadline.clear();
      const text = await readChargedBody(req, MAX_FRAME_BYTES, { user, rateLimiter, now });
      await assertStillAccepted();
      // `/sync` shows each change with its message as it is now (P75). So the longest content of a message that was edited
      // a thousand times reaches each reader a thousand times, and each edit pays for it.
      assertWithinRate(user, Buffer.byteLength(text) + maxContentBytes);
      const decoded = decodeEditRequest(text, { maxContentBytes });
      if (!decoded.ok) throw new ChatError(decoded.code, decoded.message === undefined ? {} : decoded);
      const { ref, ...content } = decoded.edit;
      const deadline = exchange.deadline.next();
      const request = { user, id, ref, deadline, assertStillAccepted };
      const change = await changes.edit(request, content).finally(() => deadline.clear());
      observe({ type: "changed", kind: "edit", by: undefined });
      return change;
    });
  }

  async function remove(req: IncomingMessage, res: ServerResponse, id: string): Promise<void> {
    await answer(req, res, async ({ deadline, assertStillAccepted, identity: { user, scopes } }) => {
      assertId(id);
      const { ref } = readDeletionQuery(req.url ?? "");
      chargeRequest({ user, rateLimiter, now });
      assertWithinRate(user, DELETION_BYTES);
      const isModerator = scopes.has(SCOPES.moderate);
      const request = { user, id, ref, deadline, assertStillAccepted, isModerator };
      const change = await changes.delete(request);
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
  function assertWithinRate(user: string, bytes: number): void {
    const verdict = rateLimiter.take(user, now(), bytes);
    if (verdict.kind !== "pass") throw rateError(verdict);
  }

  return { edit, remove };
}
