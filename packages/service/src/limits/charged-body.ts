import type { IncomingMessage } from "node:http";
import { readBody } from "../http/read-body.ts";
import { type RateLimiter, rateError } from "./rate-limiter.ts";
import { REQUEST_COST } from "./request-cost.ts";

/** The user whose rate of reading pays for a request (P32). */
export interface Payer {
  readonly user: string;
  readonly rateLimiter: RateLimiter;
  /** Steady clock, ms. */
  readonly now: () => number;
}

/** Charges a user for a request without its body. Throws `rate_limited` if the user is over the limit on reading. */
export function chargeRequest({ user, rateLimiter, now }: Payer): void {
  const retryAfterMs = rateLimiter.aheadMs(user, now());
  if (retryAfterMs > 0) throw rateError({ kind: "limited", limit: "bytes", retryAfterMs });
  rateLimiter.chargeReading(user, REQUEST_COST, now());
}

/**
 * Charges a user for a request, and then reads its body. Whatever is read is paid for, even if the body is too long or never
 * complete (G5). Rejects as `chargeRequest` and `readBody` do.
 */
export function readChargedBody(req: IncomingMessage, maxBytes: number, payer: Payer): Promise<string> {
  chargeRequest(payer);
  const { user, rateLimiter, now } = payer;
  return readBody(req, maxBytes, (bytes) => rateLimiter.chargeReading(user, bytes, now()));
}
