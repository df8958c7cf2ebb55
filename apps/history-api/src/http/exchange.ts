import type { IncomingMessage, ServerResponse } from "node:http";
import type { Identity, Verifier } from "@parley/auth";
import { addressBlock, clientAddress, type TrustedProxies } from "@parley/service";
import type { RouteName } from "../events.ts";
import type { Caller } from "../limits/caller.ts";
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
  /** Monotonic time at which the request arrived, in ms. */
  readonly startedAt: number;
}

export interface ExchangeDeps {
  readonly verifier: Verifier;
  readonly limiter: RequestLimiter;
  readonly trustedProxies: TrustedProxies;
}

/** Begins an exchange: verifies the request's token and checks the user's rate. */
export type OpenExchange = (req: IncomingMessage, res: ServerResponse, route: RouteName) => Promise<Exchange>;

/**
 * Creates the function that every route for history calls first. It verifies the token, with client addresses served
 * in turn, and then checks the user's rate. So a request reads nothing and counts in no limit before its user is
 * known (G5).
 */
export function createOpenExchange({ verifier, limiter, trustedProxies }: ExchangeDeps): OpenExchange {
  return async (req, res, route) => {
    const startedAt = performance.now();
    const closed = signalOfClose(res);
    const address = addressBlock(clientAddress(req, trustedProxies));
    const identity = await authenticate(verifier, req, { share: `address ${address}`, signal: closed });
    const caller = { user: identity.user, address };
    limiter.assertRate(caller);
    return { req, res, route, identity, caller, closed, startedAt };
  };
}

function signalOfClose(res: ServerResponse): AbortSignal {
  const controller = new AbortController();
  res.once("close", () => controller.abort(new ResponseAbandoned({ isSlow: false })));
  return controller.signal;
}
