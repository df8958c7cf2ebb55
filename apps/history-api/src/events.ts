import type { LogState } from "@parley/bus";
import type { ErrorCode } from "@parley/models";
import type { Wait } from "./limits/deadline.ts";
import type { Refusal } from "./limits/fair-budget.ts";
import type { LimitName, Load } from "./limits/request-limiter.ts";

/**
 * The label of a route in events and metrics. `room` is `/messages`, `conversation` is `/messages/:username`, `message` is
 * `/message/:id`.
 */
export const ROUTE_NAMES = ["room", "conversation", "message", "sync", "feed", "conversations"] as const;
export type RouteName = (typeof ROUTE_NAMES)[number];

/** An event that history-api reports, for logs and metrics. Never holds contents or tokens. Times are in ms. */
export type HistoryEvent =
  /**
   * A response was sent completely, `ms` after its request arrived. `whole` is true for a whole conversation (P50).
   */
  | {
      readonly type: "answered";
      readonly route: RouteName;
      readonly whole: boolean;
      readonly messages: number;
      readonly ms: number;
    }
  /**
   * A request failed, and the client got the error `code` (P55). If `cut` is true, the response had already begun and
   * was cut off instead (P50).
   */
  | { readonly type: "refused"; readonly request: string; readonly code: ErrorCode; readonly cut: boolean }
  /** A page of this origin was refused for the first time. Reported for the first hundred origins. */
  | { readonly type: "origin-refused"; readonly origin: string }
  /**
   * A request, or a later part of a whole conversation, wasn't answered in time. `wait` is what it waited for at the end.
   */
  | { readonly type: "late"; readonly route: RouteName; readonly wait: Wait }
  /**
   * A response ended early because of its client. `slow` is true if the client read too slowly and was cut off, and
   * false if the client disconnected.
   */
  | { readonly type: "abandoned"; readonly slow: boolean }
  /** A limit refused a request. `share` names the bound that was reached: the user's, the address's, or the total. */
  | { readonly type: "limited"; readonly limit: LimitName; readonly share: Refusal }
  /**
   * A response was cut off in favour of a caller that uses less of the limit. Of the heaviest caller's responses, this
   * one had made no progress for the longest time.
   */
  | { readonly type: "displaced"; readonly limit: LimitName }
  /** The current use of the limits, reported about once a second. */
  | ({ readonly type: "load"; readonly unansweredChanges: number } & Load)
  /** A change was appended, or was known already. `by` is the user if that is a moderator, who may delete any message. */
  | { readonly type: "changed"; readonly kind: "edit" | "delete"; readonly by: string | undefined }
  /** A request had query parameters that its route doesn't know and ignores (P64). */
  | { readonly type: "ignored-parameters"; readonly route: RouteName }
  /** The internal service `by` read the history of the user `as` (P54). */
  | {
      readonly type: "read-as";
      readonly route: RouteName;
      readonly by: string;
      readonly as: string;
    }
  /**
   * A client's cursor was after the log's end, because the log was replaced. The client gets everything again, from
   * the beginning of history (L3).
   */
  | { readonly type: "cursor-beyond-log"; readonly user: string }
  /** The follower reached the log's end. */
  | { readonly type: "caught-up"; readonly entries: number; readonly ms: number }
  /** The follower's position in the log isn't valid any more, so it starts again at the watermark (L3, L21). */
  | { readonly type: "lost"; readonly reason: "trimmed or replaced" | "beyond the log's end" }
  /** A step of the follower failed. The follower retries the step after `retryInMs`. */
  | { readonly type: "follow-failed"; readonly retryInMs: number; readonly reason: string }
  /** The log's state, measured about once a second. */
  | { readonly type: "log-state"; readonly state: LogState }
  /** The current size of the tail, reported about once a second. */
  | {
      readonly type: "tail";
      readonly entries: number;
      readonly bytes: number;
      /** Refs of the tail for which the store's answer is remembered. */
      readonly rememberedRefs: number;
    }
  /** A request needed to know who holds refs: so many answers were remembered, and the store was asked for the others. */
  | { readonly type: "refs"; readonly remembered: number; readonly asked: number }
  /** The tail exceeded its bound, and stored messages were dropped early. */
  | { readonly type: "tail-full"; readonly bytes: number }
  /** The store doesn't answer any more. */
  | { readonly type: "store-down"; readonly reason: string }
  /** The store answers again. */
  | { readonly type: "store-up" }
  /** An unexpected failure. The client got the error `internal`. */
  | { readonly type: "failure"; readonly request: string; readonly error: unknown };

/** Receives the events of a history-api. */
export type Observe = (event: HistoryEvent) => void;
