import type { IncomingMessage, ServerResponse } from "node:http";
import { raceAbort } from "@parley/async";
import { type Identity, SCOPES } from "@parley/auth";
import {
  ChatError,
  type DecodedSendRequest,
  decodeSendRequest,
  MAX_FRAME_BYTES,
  type SendRequest,
} from "@parley/models";
import {
  assertJson,
  ERROR_COST,
  type RateLimiter,
  rateError,
  readChargedBody,
  refuseUnknownParameters,
  sendReceipt,
  type UnansweredRequests,
  withRetryTime,
} from "@parley/service";
import type { Observe } from "../events.ts";
import { draftOf } from "../inbound/draft.ts";
import { bytesOf } from "../inbound/frame-cost.ts";
import type { MessageAppender } from "../inbound/message-appender.ts";
import type { Admission } from "../upgrade/admission.ts";
import type { Authenticator } from "../upgrade/authenticator.ts";

export interface SendDeps {
  readonly admission: Admission;
  readonly authenticator: Authenticator;
  readonly messageAppender: MessageAppender;
  /** The rates of users, which their connections share. */
  readonly rateLimiter: RateLimiter;
  /** The rates of services, by the service's own name. */
  readonly serviceRateLimiter: RateLimiter;
  readonly unansweredRequests: UnansweredRequests;
  readonly maxContentBytes: number;
  /** Longest time until the token is verified, in ms. */
  readonly timeoutMs: number;
  readonly observe: Observe;
  /** Wall clock, ms since 1970: tokens expire by it. */
  readonly wallClock: () => number;
  /** Steady clock, ms. */
  readonly now: () => number;
}

/** A request whose token has been verified. */
interface Request {
  readonly id: string;
  readonly req: IncomingMessage;
  readonly identity: Identity;
  readonly rateLimiter: RateLimiter;
}

const RETRY_AFTER_MS = 1_000;

/**
 * Answers `POST /send`: appends one message, and answers once it is durable (P62).
 *
 * Nothing of a request is read or counted before its user is known. From then on it counts for the user like a frame of
 * one of the user's connections: against the same rates, and with a bound on the requests without an answer (G5). A
 * service counts against rates of its own.
 */
export class SendRoute {
  readonly #deps: SendDeps;

  constructor(deps: SendDeps) {
    this.#deps = deps;
  }

  /** Rejects with the ChatError to answer with. */
  async answer(id: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { rateLimiter, serviceRateLimiter, unansweredRequests, now } = this.#deps;
    const identity = await this.#authenticate(req, res);
    const { user, scopes } = identity;
    const limiter = scopes.has(SCOPES.messagesSend) ? serviceRateLimiter : rateLimiter;
    await unansweredRequests.during(user, async () => {
      try {
        const messageId = await this.#send({ id, req, identity, rateLimiter: limiter });
        if (!res.closed) sendReceipt(res, messageId);
      } catch (error) {
        limiter.chargeReading(user, ERROR_COST, now());
        throw error;
      }
    });
  }

  /** Verifies the token within `timeoutMs`. Gives up when the client leaves. */
  async #authenticate(req: IncomingMessage, res: ServerResponse): Promise<Identity> {
    const { admission, timeoutMs } = this.#deps;
    const controller = new AbortController();
    const { signal } = controller;
    const late = new ChatError("unavailable", { retryAfterMs: RETRY_AFTER_MS });
    const timer = setTimeout(() => controller.abort(late), timeoutMs);
    const onClose = () => controller.abort();
    res.once("close", onClose);
    try {
      return (await raceAbort(admission.authenticate(req, signal), signal)).identity;
    } finally {
      clearTimeout(timer);
      res.off("close", onClose);
    }
  }

  /** Reads the message and appends it. Resolves with its id once it is durable. */
  async #send(request: Request): Promise<string> {
    const { admission, authenticator, messageAppender, maxContentBytes, observe, now } = this.#deps;
    const { id, req, identity, rateLimiter } = request;
    const { user } = identity;
    refuseUnknownParameters(req.url ?? "", []);
    assertJson(req);
    this.#assertMayBeRead(request);
    const text = await readChargedBody(req, MAX_FRAME_BYTES, { user, rateLimiter, now });
    // The body may have taken seconds.
    admission.assertNotDraining();
    await authenticator.assertStillAccepted(identity, this.#deps.wallClock());
    const decoded = decodeSendRequest(text, { maxContentBytes });
    this.#assertWithinRate(request, decoded, Buffer.byteLength(text));
    const message = messageIn(decoded);
    const from = senderOf(identity, message);
    authenticator.assertNotBlocked(from);
    const result = await messageAppender.appendRequest(draftOf(from, message));
    if (!result.ok) throw withRetryTime(result.error);
    observe({ type: "posted", request: id, by: user, as: message.as });
    return result.id;
  }

  /** Refuses a body while the user is over the limit on reading, at which a connection would be read more slowly (P32). */
  #assertMayBeRead({ id, identity, rateLimiter }: Request): void {
    const retryAfterMs = rateLimiter.aheadMs(identity.user, this.#deps.now());
    if (retryAfterMs === 0) return;
    this.#deps.observe({ type: "throttled", connection: id });
    throw rateError({ kind: "limited", limit: "bytes", retryAfterMs });
  }

  /** Counts a body, valid or not, as a frame. */
  #assertWithinRate({ id, identity, rateLimiter }: Request, decoded: DecodedSendRequest, size: number): void {
    const { user } = identity;
    const frame = decoded.ok ? decoded.message : undefined;
    // The readers' frame has the name in `as` instead, if that is longer.
    const bytes = bytesOf(frame, size, longer(frame?.as ?? "", user));
    const verdict = rateLimiter.take(user, this.#deps.now(), bytes);
    if (verdict.kind === "pass") return;
    const limit = verdict.kind === "limited" ? verdict.limit : undefined;
    this.#deps.observe({ type: "frame-refused", connection: id, code: "rate_limited", limit });
    throw rateError(verdict);
  }
}

function messageIn(decoded: DecodedSendRequest): SendRequest {
  if (decoded.ok) return decoded.message;
  const { code, message } = decoded;
  throw new ChatError(code, message === undefined ? {} : { message });
}

/**
 * Returns the user that a message is from. Only a service may name another user (P62).
 */
function senderOf({ user, scopes }: Identity, { as }: SendRequest): string {
  if (as === undefined) return user;
  if (!scopes.has(SCOPES.messagesSend)) throw new ChatError("forbidden");
  return as;
}

function longer(a: string, b: string): string {
  return a.length > b.length ? a : b;
}
