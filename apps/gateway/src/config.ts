import { type Env, fields, pick, type TrustedProxies } from "@parley/service";
import type { RateLimit } from "./inbound/rate-limiter.ts";
import type { ConnectionLimits } from "./upgrade/connection-limiter.ts";

/** How one gateway is set. Sizes in bytes, times in ms. */
export interface GatewayConfig {
  /** Undefined: the server's own origin. */
  readonly allowedOrigins: readonly string[] | undefined;
  readonly trustedProxies: TrustedProxies;
  readonly maxContentBytes: number;
  readonly rate: RateLimit;
  readonly connections: ConnectionLimits;
  /** What may wait for a socket that reads slowly (P40, G5). */
  readonly maxPendingBytes: number;
  /** Frames of one connection that may be without an answer before it is read no further (G5). */
  readonly maxUnanswered: number;
  /** From the request to the upgrade. */
  readonly handshakeTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly drainMs: number;
  /** How long a connection that is being closed may wait for the answers to what it sent. */
  readonly leaveMs: number;
  /** How long frames may gather for one write at full load. */
  readonly maxFlushDelayMs: number;
}

/** Longer than the log takes to say that it cannot tell. */
const LEAVE_MS = 7_000;
/** P32. */
const BURST_FACTOR = 4;

/** The variables that a gateway knows, in a process of its own or as a part of one. */
export const gatewayFields = {
  ...pick(
    "ALLOWED_ORIGINS",
    "TRUST_PROXY",
    "RATE_LIMIT",
    "MAX_CONNECTIONS",
    "MAX_CONNECTIONS_PER_USER",
    "MAX_CONNECTIONS_PER_ADDRESS",
    "MAX_CONTENT_BYTES",
    "DRAIN_MS",
  ),
  MAX_PENDING_BYTES: fields
    .bytes(1_048_576, { min: 65_536 })
    .describe("What may wait for a client that reads slowly; then it is closed with 4002."),
  MAX_UNANSWERED: fields
    .count(128, { max: 100_000 })
    .describe("Messages of one connection that may wait for their answer before it is read no further."),
  HANDSHAKE_TIMEOUT_MS: fields
    .milliseconds(10_000, { min: 100 })
    .describe("How long a WebSocket's handshake may take."),
  HEARTBEAT_MS: fields
    .milliseconds(25_000, { min: 100 })
    .describe("How often a client is pinged (P14). One that has not answered by the next is dropped."),
  MAX_FLUSH_DELAY_MS: fields
    .milliseconds(25, { max: 1_000 })
    .describe(
      "How long public messages may gather for one call to the log and one write a socket at full load. A quiet room does not wait.",
    ),
};

/** From what `readEnv` makes of `gatewayFields`. */
export function gatewayConfig(env: Env<typeof gatewayFields>): GatewayConfig {
  return {
    allowedOrigins: env.ALLOWED_ORIGINS,
    trustedProxies: env.TRUST_PROXY,
    maxContentBytes: env.MAX_CONTENT_BYTES,
    rate: { perSecond: env.RATE_LIMIT, burst: env.RATE_LIMIT * BURST_FACTOR },
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
    maxFlushDelayMs: env.MAX_FLUSH_DELAY_MS,
  };
}
