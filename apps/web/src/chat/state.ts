import type { HistoryPage, Message, State } from "@parley/client";

/** Everything that is shown, as one value. `reduce` is the only place where it changes, and knows of no I/O. */
export interface ChatState {
  readonly me: string;
  readonly connection: State;
  /** Whether the server has ever said ready: before, a page of history and the live stream could leave a hole. */
  readonly begun: boolean;
  /** By whom one talks with; "" is the public room, which is always there. */
  readonly conversations: ReadonlyMap<string, Conversation>;
  /** The conversation that is on the screen. */
  readonly open: string | undefined;
  /** Whether somebody can be looking: the page is not behind another one. */
  readonly visible: boolean;
  /** Whether the open conversation is scrolled to its end. */
  readonly following: boolean;
  /** What this user has sent and the server has not yet settled, oldest first. */
  readonly outbox: readonly Pending[];
  /** The last message that the stream brought, "" for none: what does not come after it was counted already. */
  readonly lastId: string;
}

export interface Conversation {
  readonly with: string;
  /** In the order of the log, without a hole from the first one on. */
  readonly messages: readonly Message[];
  /** What is known of the messages before the first one. */
  readonly older: "unknown" | "loading" | "more" | "none" | "failed";
  readonly unread: number;
  /** The newest message that is known, for the list. */
  readonly last: Message | undefined;
}

/** A message on its way. */
export interface Pending {
  readonly ref: string;
  readonly to: string;
  readonly content: string;
  /** When it was written, ms since 1970. */
  readonly at: number;
  /** When it first left, ms since 1970: from then on it may be there, whatever became of the answer. */
  readonly leftAt?: number | undefined;
  /**
   * `waiting`: for a connection or for those before it. `sending`: it has left. `failed`: it is not there, and `code`
   * says why. `unknown`: no answer came in time.
   */
  readonly phase: "waiting" | "sending" | "failed" | "unknown";
  readonly code?: string | undefined;
  /** The id of the same text from the same user that came live: it is shown as that one, not twice. */
  readonly seenAs?: string | undefined;
}

export type ChatEvent =
  | { readonly type: "connection"; readonly state: State }
  | { readonly type: "message"; readonly message: Message }
  | { readonly type: "opened"; readonly with: string | undefined }
  | { readonly type: "visible"; readonly visible: boolean }
  | { readonly type: "following"; readonly following: boolean }
  | { readonly type: "asked"; readonly with: string }
  | {
      readonly type: "page";
      readonly with: string;
      readonly before: string | undefined;
      readonly page: HistoryPage;
    }
  | { readonly type: "ask-failed"; readonly with: string }
  | { readonly type: "listed"; readonly entries: readonly Listed[] }
  | { readonly type: "queued"; readonly pending: Pending }
  | { readonly type: "left"; readonly ref: string; readonly at: number }
  | { readonly type: "sent"; readonly ref: string; readonly id: string; readonly timestamp: string }
  | {
      readonly type: "unsent";
      readonly ref: string;
      readonly phase: "waiting" | "failed" | "unknown";
      readonly code?: string;
    }
  | { readonly type: "discarded"; readonly ref: string };

/** A conversation as the list knows it. */
export interface Listed {
  readonly with: string;
  readonly last: Message | undefined;
  readonly unread: number;
}
