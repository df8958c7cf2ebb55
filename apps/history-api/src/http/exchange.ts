import type { IncomingMessage, ServerResponse } from "node:http";
import type { Identity, JudgingVerifier } from "@parley/auth";
import { requestBlock, type TrustedProxies } from "@parley/service";
import type { Observe, RouteName } from "../events.ts";
import type { Caller } from "../limits/caller.ts";
import { Deadline, type Wait } from "../limits/deadline.ts";
import type { RequestLimiter } from "../limits/request-limiter.ts";
import { authenticate } from "./access.ts";
import { ResponseAbandoned } from "./write.ts";

/** A request for history with its verified user, and the response to it. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly route: RouteName;
  readonly identity: Identity;
  readonly caller: Caller;
  /** Aborted when the response is closed. The reason is a ResponseAbandoned. */
  readonly closed: AbortSignal;
  /** The time until the first byte of the answer. */
  readonly deadline: Deadline;
  /** Monotonic time at which the request arrived, in ms. */
  readonly startedAt: number;
  /** Judges the token again, after a wait in which it may have been revoked (P65). Rejects if it isn't accepted any more. */
  readonly assertStillAccepted: () => Promise<void>;
  /** Reports that the request has query parameters that its route ignores (P64). */
  readonly noteIgnored: () => void;
}

export interface ExchangeDeps {
  readonly verifier: JudgingVerifier;
  readonly limiter: RequestLimiter;
  readonly trustedProxies: TrustedProxies;
  /** Maximum time until the first byte of an answer, in ms. */
  readonly answerTimeoutMs: number;
  readonly observe: Observe;
}

/** Begins an exchange: verifies the request's token and checks the user's rate. */
export type OpenExchange = (req: IncomingMessage, res: ServerResponse, route: RouteName) => Promise<Exchange>;

/**
 * Creates the function that every route for history calls first. It verifies the token, with client addresses served
 * in turn, and then checks the user's rate. So a request reads nothing and counts in no limit before its user is
 * known (G5).
 */
export function createOpenExchange({
  verifier,
  limiter,
  trustedProxies,
  answerTimeoutMs,
  observe,
}: ExchangeDeps): OpenExchange {
  return async (req, res, route) => {
    const startedAt = performance.now();
    const closed = signalOfClose(res);
    const address = requestBlock(req, trustedProxies);
    const onLate = (wait: Wait) => observe({ type: "late", route, wait });
    const deadline = new Deadline({ ms: answerTimeoutMs, closed, onLate });
    const identity = await deadline.during("token", (signal) =>
      authenticate(verifier, req, { share: `address ${address}`, signal }),
    );
    const { judge } = verifier;
    const assertStillAccepted = () => judge.assertAccepted(identity);
    const caller = { user: identity.user, address };
    limiter.assertRate(caller);
    const noteIgnored = () => observe({ type: "ignored-parameters", route });
    const exchange = { req, res, route, identity, caller, closed, deadline, startedAt };
    return { ...exchange, assertStillAccepted, noteIgnored };
  };
}

/** The reason of every signal of a closed response. Made once, because each response closes at its end. */
const CLOSED = new ResponseAbandoned({ isSlow: false });

function signalOfClose(res: ServerResponse): AbortSignal {
  const controller = new AbortController();
  res.once("close", () => controller.abort(CLOSED));
  return controller.signal;
}
