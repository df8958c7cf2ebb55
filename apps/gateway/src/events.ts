import type { ErrorCode } from "@parley/models";
import type { FrameLimit } from "./inbound/rate-limiter.ts";
import type { FlushStats } from "./outbound/write-scheduler.ts";

/** Events that a gateway reports to its app, for logs and metrics. They never hold a message's content or a token. */
export type GatewayEvent =
  /** `connection` is the id of the upgrade request, in all events. */
  | { readonly type: "connected"; readonly connection: string; readonly user: string }
  /**
   * `code` is the close code, 1006 without a close frame. `cause` is set if this side or an error ended the
   * connection.
   */
  | {
      readonly type: "disconnected";
      readonly connection: string;
      readonly user: string;
      readonly code: number;
      readonly cause: string | undefined;
      readonly ms: number;
    }
  /** An upgrade (`upgrade: true`) or a plain request was refused (P3). */
  | {
      readonly type: "refused";
      readonly request: string;
      readonly code: ErrorCode;
      readonly upgrade: boolean;
    }
  /** A frame was answered with an error (P30, P32). `limit` is the rate that refused it, if one did. */
  | {
      readonly type: "frame-refused";
      readonly connection: string;
      readonly code: ErrorCode;
      readonly limit?: FrameLimit | undefined;
    }
  /** A user is ahead of the share of reading. The user's connections are paused until time has caught up (P32). */
  | { readonly type: "throttled"; readonly connection: string }
  /** The log answered a batch of drafts: `accepted` is the number appended, `failed` the number of errors by code. */
  | {
      readonly type: "sent";
      readonly accepted: number;
      readonly failed: Readonly<Partial<Record<ErrorCode, number>>>;
      readonly ms: number;
    }
  /** A pass over all connections ended, or a turn of direct writes did: see write-scheduler.ts. */
  | ({ readonly type: "flush" } & FlushStats)
  /** A connection reads too slowly and is being closed with 4002 (G5). */
  | { readonly type: "too-slow"; readonly connection: string; readonly pendingBytes: number }
  /** A connection sends faster than the log answers. Reading from it is paused until answers arrive (G5). */
  | { readonly type: "held-back"; readonly connection: string; readonly unanswered: number }
  /** The live stream has a gap. Every client is told to sync (P23). */
  | { readonly type: "gap"; readonly cursor: string; readonly connections: number }
  | { readonly type: "draining"; readonly connections: number; readonly overMs: number }
  | { readonly type: "token-issued"; readonly request: string; readonly user: string }
  /** An unexpected error. One client got the error `internal`. */
  | { readonly type: "failure"; readonly request: string; readonly error: unknown };

/** Receives the events of one gateway. */
export type Observe = (event: GatewayEvent) => void;
