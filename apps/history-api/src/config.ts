import { type Env, fields, pick } from "@parley/service";
import type { AdmissionLimits } from "./http/admission.ts";

/** How one history-api is set. Sizes in bytes, times in ms. */
export interface HistoryConfig {
  /** Undefined: the server's own origin. */
  readonly allowedOrigins: readonly string[] | undefined;
  readonly limits: AdmissionLimits;
  /** How long a client that does not read on is waited for. */
  readonly slowClientMs: number;
  /** How long a request waits until the log has been followed to its end. */
  readonly catchUpMs: number;
  /** About what the log's end may take in memory before what is stored goes early. */
  readonly maxTailBytes: number;
}

/** The variables that a history-api knows, in a process of its own or as a part of one. */
export const historyFields = {
  ...pick("ALLOWED_ORIGINS"),
  MAX_REQUESTS: fields
    .limit(1_000)
    .describe("Requests for history that are answered at the same time. 0 turns the limit off."),
  MAX_STREAMS: fields
    .limit(256)
    .describe("Whole conversations that are sent at the same time. 0 turns the limit off."),
  MAX_STREAMS_PER_USER: fields
    .limit(64)
    .describe("Whole conversations that are sent to one user at the same time. 0 turns the limit off."),
  MAX_PAGES_BYTES: fields
    .limit(268_435_456)
    .describe(
      "About what pages that are being sent may take in memory; those of one user a quarter of it. What would be more gets 503 or 429. 0 turns the limit off.",
    ),
  SLOW_CLIENT_MS: fields
    .milliseconds(30_000, { min: 100 })
    .describe("How long a client of history may read nothing before it is cut off."),
  CATCH_UP_MS: fields
    .milliseconds(5_000, { min: 100 })
    .describe("How long a request waits for this server to follow to the log's end."),
  MAX_TAIL_BYTES: fields
    .bytes(268_435_456)
    .describe("About what the log's end may take in memory before what is stored is let go of early."),
};

/** From what `readEnv` makes of `historyFields`. */
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
