import type { ErrorCode, Revocation } from "@parley/models";
import type { FrameLimit } from "@parley/service";
import type { FlushStats } from "./outbound/write-scheduler.ts";

/** Events that a gateway reports to its app, for logs and metrics. They never hold a message's content or a token. */
export type GatewayEvent =
  /** A WebSocket has opened. In all events `connection` is the id of its upgrade request. */
  | {
      readonly type: "connected";
      readonly connection: string;
      readonly user: string;
      /** Time from the request to the open WebSocket. */
      readonly ms: number;
    }
  /**
   * A WebSocket has ended. `code` is the close code, or 1006 if there was no close frame. `cause` is set if the
   * gateway or an error ended the connection.
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
  /** A page of this origin was refused for the first time. Reported for the first hundred origins. */
  | { readonly type: "origin-refused"; readonly origin: string }
  /**
   * A frame was answered with an error (P30, P32). If a rate refused the frame, `limit` names the rate. For the body of a
   * request, `connection` is the id of the request.
   */
  | {
      readonly type: "frame-refused";
      readonly connection: string;
      readonly code: ErrorCode;
      readonly limit?: FrameLimit | undefined;
    }
  /**
   * A user has exceeded the limit on reading. Reading from all the user's connections is paused until the limit
   * permits it again (P32). Or a request of the user was refused meanwhile (P62): `connection` is the id of the request.
   */
  | { readonly type: "throttled"; readonly connection: string }
  /** A message was accepted over `POST /send` (P62). `as` is the user that the service `by` sent as, if it named one. */
  | {
      readonly type: "posted";
      readonly request: string;
      readonly by: string;
      readonly as: string | undefined;
    }
  /**
   * The log answered a batch of drafts: `ackMs` has, for each draft that was appended, the time from its frame to its
   * answer. `failed` is the number of errors by code.
   */
  | {
      readonly type: "sent";
      readonly ackMs: readonly number[];
      readonly failed: Readonly<Partial<Record<ErrorCode, number>>>;
      readonly ms: number;
    }
  /** A pass over all connections, or a turn of direct writes, has ended: see write-scheduler.ts. */
  | ({ readonly type: "flush" } & FlushStats)
  /** A message that a client of this gateway sent was written to this gateway's clients, `ms` after its frame came. */
  | { readonly type: "delivered"; readonly ms: number }
  /** The largest number of connections. Reported once, at the start. */
  | { readonly type: "limits"; readonly connections: number }
  /** Bytes that wait in the sockets of all connections, and unanswered requests to send, counted about once a second. */
  | { readonly type: "load"; readonly pendingBytes: number; readonly unansweredRequests: number }
  /**
   * Read marks were raised, or the log was unavailable and they wait for a later round (P70). `waiting` marks wait now.
   */
  | { readonly type: "marks"; readonly raised: number; readonly failed: number; readonly waiting: number }
  /** A connection reads too slowly and is being closed with 4002 (G5). */
  | { readonly type: "too-slow"; readonly connection: string; readonly pendingBytes: number }
  /** A connection sends faster than the log answers. Reading from it is paused until answers arrive (G5). */
  | { readonly type: "held-back"; readonly connection: string; readonly unanswered: number }
  /** The live stream has a gap. Every client is told to sync (P23). */
  | { readonly type: "gap"; readonly cursor: string; readonly connections: number }
  | { readonly type: "draining"; readonly connections: number; readonly overMs: number }
  /** The operator `by` revoked tokens of a user, or blocked the user (P65). */
  | ({ readonly type: "revoked"; readonly by: string } & Revocation)
  /** The operator `by` ended what was revoked of a user, or a part of it. */
  | { readonly type: "allowed-again"; readonly by: string; readonly user: string }
  | { readonly type: "token-issued"; readonly request: string; readonly user: string }
  /** An unexpected error occurred. The client of this request got the error `internal`. */
  | { readonly type: "failure"; readonly request: string; readonly error: unknown };

/** Receives the events of one gateway. */
export type Observe = (event: GatewayEvent) => void;
