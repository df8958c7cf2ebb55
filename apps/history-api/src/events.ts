import type { ErrorCode } from "@parley/models";

export type RouteName = "room" | "conversation" | "sync" | "conversations";

/** What history-api tells its app, which counts and logs it. Never a content or a token. Times are in ms. */
export type HistoryEvent =
  /** An answer was given in full: `messages` in `ms`, from the request's coming. */
  | {
      readonly type: "answered";
      readonly route: RouteName;
      readonly whole: boolean;
      readonly messages: number;
      readonly ms: number;
    }
  /** A request was answered with an error (P55), or, where its answer had begun, cut off (P50). */
  | { readonly type: "refused"; readonly request: string; readonly code: ErrorCode; readonly cut: boolean }
  /** The client went, or read too slowly, before its answer ended. */
  | { readonly type: "abandoned"; readonly slow: boolean }
  /** An internal service read as somebody else (P54). */
  | {
      readonly type: "read-as";
      readonly route: RouteName;
      readonly by: string;
      readonly as: string;
    }
  /** A cursor lies beyond the log's end: the log was replaced, and the client starts again from the store (L3). */
  | { readonly type: "cursor-beyond-log"; readonly user: string }
  /** The follower has followed to the log's end. */
  | { readonly type: "caught-up"; readonly entries: number; readonly ms: number }
  /** It starts again at the watermark (L3, L21). */
  | { readonly type: "lost"; readonly reason: "trimmed or replaced" | "beyond the log's end" }
  | { readonly type: "follow-failed"; readonly retryInMs: number; readonly reason: string }
  /** What is held of the log, about once a second. */
  | { readonly type: "tail"; readonly entries: number; readonly bytes: number }
  /** More is held than the bound: what is stored goes before its time. */
  | { readonly type: "tail-full"; readonly bytes: number }
  | { readonly type: "store-down"; readonly reason: string }
  | { readonly type: "store-up" }
  /** Something that should not happen did, and one client got the error `internal`. */
  | { readonly type: "failure"; readonly request: string; readonly error: unknown };

export type Observe = (event: HistoryEvent) => void;
