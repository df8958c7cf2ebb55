import { type Env, fields, pick } from "@parley/service";
import type { RequestLimits } from "./http/request-limiter.ts";

/** The configuration of one history-api. Sizes are in bytes, times in ms. */
export interface HistoryConfig {
  /** Undefined allows only the server's own origin. */
  readonly allowedOrigins: readonly string[] | undefined;
  readonly limits: RequestLimits;
  /** Time that a client may read nothing before its response is cut off. */
  readonly slowClientMs: number;
  /** Maximum time that a request waits for the server to reach the log's end. */
  readonly catchUpMs: number;
  /** Estimated memory of the tail above which stored messages are dropped early. */
  readonly maxTailBytes: number;
}

/** The environment variables of a history-api, in its own process or inside standalone. */
export const historyFields = {
  ...pick("ALLOWED_ORIGINS"),
  MAX_REQUESTS: fields
    .limit(1_000)
    .describe("Maximum number of concurrent requests for history. 0 turns the limit off."),
  MAX_STREAMS: fields
    .limit(256)
    .describe("Maximum number of whole conversations sent at the same time. 0 turns the limit off."),
  MAX_STREAMS_PER_USER: fields
    .limit(64)
    .describe(
      "Maximum number of whole conversations sent to one user at the same time. 0 turns the limit off.",
    ),
  MAX_PAGES_BYTES: fields
    .limit(268_435_456)
    .describe(
      "Maximum memory of all pages being sent, estimated. One user's pages may take a quarter of it. Requests beyond it get 503 or 429. 0 turns the limit off.",
    ),
  SLOW_CLIENT_MS: fields
    .milliseconds(30_000, { min: 100 })
    .describe("Time that a client may read nothing before its response is cut off."),
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
    limits: {
      requests: env.MAX_REQUESTS,
      streams: env.MAX_STREAMS,
      streamsPerUser: env.MAX_STREAMS_PER_USER,
      pageBytes: env.MAX_PAGES_BYTES,
    },
    slowClientMs: env.SLOW_CLIENT_MS,
    catchUpMs: env.CATCH_UP_MS,
    maxTailBytes: env.MAX_TAIL_BYTES,
  };
}
