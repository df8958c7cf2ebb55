import { type Env, fields, pick, type RateLimit, rateLimitOf, type TrustedProxies } from "@parley/service";
import type { ConnectionLimits } from "./upgrade/connection-limiter.ts";

/** Settings of one gateway. Sizes are bytes, times are ms. */
export interface GatewayConfig {
  /** Origins allowed beside the server's own. */
  readonly allowedOrigins: readonly string[] | undefined;
  readonly trustedProxies: TrustedProxies;
  readonly maxContentBytes: number;
  readonly rate: RateLimit;
  /** The rates of one service, whose tokens have the scope `messages:send` (P62). */
  readonly serviceRate: RateLimit;
  readonly connections: ConnectionLimits;
  /** Bytes that may wait in a socket. A slow reader that exceeds them is closed with 4002 (P40, G5). */
  readonly maxPendingBytes: number;
  /**
   * Number of unanswered frames at which the gateway pauses reading from a connection, and of unanswered requests to send
   * at which a user's next one is refused (G5).
   */
  readonly maxUnanswered: number;
  /** Longest time from the request of a handshake to its upgrade. */
  readonly handshakeTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly drainMs: number;
  /** Longest wait for the last answers of a connection that is about to be closed. */
  readonly leaveMs: number;
  /** Rate of read marks per user, apart from that of other frames (P70). */
  readonly markRate: RateLimit;
  /** False: users don't hear of the read marks of others. */
  readonly readReceipts: boolean;
  /** Intervals at which gathered read marks are raised, in ms. */
  readonly marks: { readonly privateMs: number; readonly publicMs: number };
  /** Longest time for which public frames wait at full load, so that one write carries several. */
  readonly maxFlushDelayMs: number;
  /** Least time from one batch of messages for the log to the next. */
  readonly appendIntervalMs: number;
}

/** Longer than the log takes to answer, with `unavailable` at the latest. So every accepted frame gets an answer. */
const LEAVE_MS = 7_000;
/** Read marks per second of one user, with bursts of four times as many. */
const MARKS_PER_SECOND = 10;
/** Everybody marks the public room, so its marks are gathered for longer. */
const MARK_INTERVALS = { privateMs: 1_000, publicMs: 3_000 };

/** The environment variables of a gateway's core, in its own process or in `standalone`. */
export const gatewayFields = {
  ...pick(
    "ALLOWED_ORIGINS",
    "TRUST_PROXY",
    "RATE_LIMIT",
    "RATE_LIMIT_BYTES",
    "MAX_UNANSWERED",
    "MAX_CONNECTIONS",
    "MAX_CONNECTIONS_PER_USER",
    "MAX_CONNECTIONS_PER_ADDRESS",
    "MAX_CONTENT_BYTES",
    "DRAIN_MS",
    "READ_RECEIPTS",
  ),
  SERVICE_RATE_LIMIT: fields
    .limit(1_000)
    .describe(
      "Messages per second that one service, with a token with the scope `messages:send`, may send to one gateway over `POST /send`, with bursts of four times as many (P62). 2,048 bytes for each of them are its rate of bytes. 0 removes both limits.",
    ),
  MAX_PENDING_BYTES: fields
    .bytes(1_048_576, { min: 65_536 })
    .describe(
      "Bytes that may wait for a client that reads slowly, 256 more for each write. A client that exceeds them is closed with 4002.",
    ),
  HANDSHAKE_TIMEOUT_MS: fields
    .milliseconds(10_000, { min: 100 })
    .describe("Longest time for a WebSocket handshake."),
  HEARTBEAT_MS: fields
    .milliseconds(25_000, { min: 100 })
    .describe(
      "Interval of pings to each client (P14). A client that hasn't answered by the next ping is dropped.",
    ),
  MAX_FLUSH_DELAY_MS: fields
    .milliseconds(25, { max: 1_000 })
    .describe(
      "Longest time that public messages gather at full load, for one call to the log and one write per socket. A quiet room doesn't wait.",
    ),
  APPEND_INTERVAL_MS: fields
    .milliseconds(0, { max: 1_000 })
    .describe(
      "Least time from one call to the log to the next. Messages that come meanwhile share the next call, unless they fill it. A message after a pause doesn't wait. 2 saves CPU of the gateway and of Redis, and costs a millisecond of latency.",
    ),
};

/** Builds the settings from `readEnv(gatewayFields)`. */
export function gatewayConfig(env: Env<typeof gatewayFields>): GatewayConfig {
  return {
    allowedOrigins: env.ALLOWED_ORIGINS,
    trustedProxies: env.TRUST_PROXY,
    maxContentBytes: env.MAX_CONTENT_BYTES,
    rate: rateLimitOf(env.RATE_LIMIT, env.RATE_LIMIT_BYTES),
    serviceRate: rateLimitOf(env.SERVICE_RATE_LIMIT),
    connections: {
      total: env.MAX_CONNECTIONS,
      perUser: env.MAX_CONNECTIONS_PER_USER,
      perAddress: env.MAX_CONNECTIONS_PER_ADDRESS,
    },
    maxPendingBytes: env.MAX_PENDING_BYTES,
    maxUnanswered: env.MAX_UNANSWERED,
    handshakeTimeoutMs: env.HANDSHAKE_TIMEOUT_MS,
    heartbeatMs: env.HEARTBEAT_MS,
    drainMs: env.DRAIN_MS,
    leaveMs: LEAVE_MS,
    markRate: rateLimitOf(MARKS_PER_SECOND),
    readReceipts: env.READ_RECEIPTS,
    marks: MARK_INTERVALS,
    maxFlushDelayMs: env.MAX_FLUSH_DELAY_MS,
    appendIntervalMs: env.APPEND_INTERVAL_MS,
  };
}
