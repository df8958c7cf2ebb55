import { type Env, fields, pick, type RateLimit, rateLimitOf, type TrustedProxies } from "@parley/service";
import type { RequestLimits } from "./limits/request-limiter.ts";

/** The configuration of one history-api. Sizes are in bytes, times in ms. */
export interface HistoryConfig {
  /** Origins whose pages may call this server, beside the server's own. */
  readonly allowedOrigins: readonly string[] | undefined;
  /** Proxies whose X-Forwarded-For names the client's address. */
  readonly trustedProxies: TrustedProxies;
  readonly limits: RequestLimits;
  /** The rates of a user's edits and deletions. */
  readonly rate: RateLimit;
  /** Number of unanswered requests to edit or delete at which a user's next one is refused (G5). */
  readonly maxUnanswered: number;
  readonly maxContentBytes: number;
  /** False: nobody learns how far others have read (P71). */
  readonly readReceipts: boolean;
  /** Time after which a response is cut off if its client reads nothing. */
  readonly slowClientMs: number;
  /** Maximum time from a request to the first byte of its answer, and for each later part of a whole conversation. */
  readonly answerTimeoutMs: number;
  /** Maximum time that a request waits until this server has read the log up to its end. */
  readonly catchUpMs: number;
  /** Maximum estimated memory of the log's tail. Above it, messages that the store has are dropped early. */
  readonly maxTailBytes: number;
}

/** The environment variables of a history-api, in its own process or inside standalone. */
export const historyFields = {
  ...pick(
    "ALLOWED_ORIGINS",
    "TRUST_PROXY",
    "RATE_LIMIT",
    "RATE_LIMIT_BYTES",
    "MAX_UNANSWERED",
    "MAX_CONTENT_BYTES",
    "READ_RECEIPTS",
  ),
  MAX_REQUESTS: fields
    .limit(1_000)
    .describe(
      "Maximum number of concurrent requests for history whose answers are being read; as many again may wait. 0 turns the limit off.",
    ),
  MAX_REQUESTS_PER_USER: fields
    .limit(250)
    .describe(
      "Maximum number of requests for history of one user that wait for their turn. Requests beyond it get 429. 0 turns the limit off.",
    ),
  MAX_REQUESTS_PER_ADDRESS: fields
    .limit(500)
    .describe(
      "Maximum number of requests for history from one client address that wait for their turn; IPv6 addresses count per /64 network. Requests beyond it get 429. 0 turns the limit off.",
    ),
  MAX_STREAMS: fields
    .limit(256)
    .describe(
      "Maximum number of whole conversations sent at the same time. At the limit, a caller with fewer displaces one of the user or the address with the most. 0 turns the limit off.",
    ),
  MAX_STREAMS_PER_USER: fields
    .limit(64)
    .describe(
      "Maximum number of whole conversations sent to one user at the same time. 0 turns the limit off.",
    ),
  MAX_FEED_WAITS: fields
    .limit(256)
    .describe(
      "Maximum number of requests to `/feed` that wait for entries at the same time (P63). One user may have a quarter of them. At the limit, a caller with fewer ends a wait of the user or the address with the most. 0 turns the limit off.",
    ),
  MAX_PAGES_BYTES: fields
    .limit(268_435_456)
    .describe(
      "Maximum memory of all responses being sent, in bytes. One user's may take a quarter of it. At the limit, a caller with less displaces a response of the user or the address with the most; requests beyond it get 503 or 429. 0 turns the limit off.",
    ),
  READ_RATE_BYTES: fields
    .limit(16_777_216)
    .describe(
      "Estimated bytes of messages per second that one user may read from history, with bursts of eight times as many. A message counts twice its characters and 400, a request 16,384. The content of messages that are only counted as unread (P71) does not count. Requests beyond it get 429; a whole conversation is sent more slowly. 0 removes the limit.",
    ),
  SLOW_CLIENT_MS: fields
    .milliseconds(30_000, { min: 100 })
    .describe("Time that a client may read nothing before its response is cut off."),
  ANSWER_TIMEOUT_MS: fields
    .milliseconds(10_000, { min: 100 })
    .describe(
      "Maximum time from a request to the first byte of its answer. After it the request gets 503, which names the cause. Each later part of a whole conversation has the same time; after it the response is cut off.",
    ),
  CATCH_UP_MS: fields
    .milliseconds(5_000, { min: 100 })
    .describe("Maximum time that a request waits for the server to reach the log's end."),
  MAX_TAIL_BYTES: fields
    .bytes(268_435_456)
    .describe(
      "Maximum memory of the messages held from the log's end, estimated. Above it, stored messages are dropped early; messages that aren't stored are kept.",
    ),
};

/** Builds the configuration from the values that `readEnv` returns for `historyFields`. */
export function historyConfig(env: Env<typeof historyFields>): HistoryConfig {
  return {
    allowedOrigins: env.ALLOWED_ORIGINS,
    trustedProxies: env.TRUST_PROXY,
    readReceipts: env.READ_RECEIPTS,
    limits: {
      requests: env.MAX_REQUESTS,
      requestsPerUser: env.MAX_REQUESTS_PER_USER,
      requestsPerAddress: env.MAX_REQUESTS_PER_ADDRESS,
      streams: env.MAX_STREAMS,
      streamsPerUser: env.MAX_STREAMS_PER_USER,
      waits: env.MAX_FEED_WAITS,
      responseBytes: env.MAX_PAGES_BYTES,
      readBytesPerSecond: env.READ_RATE_BYTES,
    },
    rate: rateLimitOf(env.RATE_LIMIT, env.RATE_LIMIT_BYTES),
    maxUnanswered: env.MAX_UNANSWERED,
    maxContentBytes: env.MAX_CONTENT_BYTES,
    slowClientMs: env.SLOW_CLIENT_MS,
    answerTimeoutMs: env.ANSWER_TIMEOUT_MS,
    catchUpMs: env.CATCH_UP_MS,
    maxTailBytes: env.MAX_TAIL_BYTES,
  };
}
