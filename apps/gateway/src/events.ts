import type { ErrorCode } from "@parley/models";
import type { Flushed } from "./outbound/write-scheduler.ts";

/** What a gateway tells its app, which counts and logs it. Never a content or a token. */
export type GatewayEvent =
  /** `connection` is the id of the handshake's request, here and below. */
  | { readonly type: "connected"; readonly connection: string; readonly user: string }
  /** `code` is the close code, 1006 where there was none; `cause` says why, where this side ended it. */
  | {
      readonly type: "disconnected";
      readonly connection: string;
      readonly user: string;
      readonly code: number;
      readonly cause: string | undefined;
      readonly ms: number;
    }
  /** A handshake, or a request in its place, was refused (P3). */
  | {
      readonly type: "refused";
      readonly request: string;
      readonly code: ErrorCode;
      readonly upgrade: boolean;
    }
  /** A frame was answered with an error (P30, P32). */
  | { readonly type: "frame-refused"; readonly connection: string; readonly code: ErrorCode }
  /** A call that appended has been answered: how many drafts entered the log, and what became of the others. */
  | {
      readonly type: "sent";
      readonly accepted: number;
      readonly failed: Readonly<Partial<Record<ErrorCode, number>>>;
      readonly ms: number;
    }
  /** A pass over the sockets, or writes to those who have something of their own; see write-scheduler.ts. `ms` is of the event loop. */
  | ({ readonly type: "flush" } & Flushed)
  /** A connection reads slower than it is written to, and is being closed with 4002 (G5). */
  | { readonly type: "too-slow"; readonly connection: string; readonly pendingBytes: number }
  /** A connection sends faster than it is answered, and is read no further until it has been (G5). */
  | { readonly type: "held-back"; readonly connection: string; readonly unanswered: number }
  /** The live stream was broken off; everybody has been told (P23). */
  | { readonly type: "gap"; readonly cursor: string; readonly connections: number }
  | { readonly type: "draining"; readonly connections: number; readonly overMs: number }
  | { readonly type: "token-issued"; readonly request: string; readonly user: string }
  /** Something that should not happen did, and one client got the error `internal`. */
  | { readonly type: "failure"; readonly request: string; readonly error: unknown };

export type Observe = (event: GatewayEvent) => void;
