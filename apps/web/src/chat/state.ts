import type { HistoryPage, Message, State } from "@parley/client";

/** Everything that the page shows, as one value. Only `reduce` changes it, without I/O. */
export interface ChatState {
  /** The username of this user. */
  readonly me: string;
  readonly connection: State;
  /** True once the server has been ready. Before that, a page of history and the live stream could leave a hole. */
  readonly hasBeenReady: boolean;
  /** The conversations by the other user's name. "" is the public room, which is always present. */
  readonly conversations: ReadonlyMap<string, Conversation>;
  /** The name of the conversation on the screen. Undefined if none is open. */
  readonly open: string | undefined;
  /** True if the user may be looking at the page: its tab is in front and its window has the focus. */
  readonly attentive: boolean;
  /** True if the open conversation is scrolled to its end. */
  readonly following: boolean;
  /** The id of the newest message of the open conversation on the screen, "" for none. */
  readonly onScreen: string;
  /** The line above the messages that were unread when the conversation was opened. */
  readonly newLine: NewLine;
  /** The messages that this user has sent and the server hasn't settled, oldest first. */
  readonly outbox: readonly Pending[];
  /** The id of the last message of the stream, "" for none. Messages up to it have been counted as unread already. */
  readonly lastId: string;
  /** True once the server has told unread counts (P71). A server of an earlier version tells none. */
  readonly hasCounts: boolean;
  /** True once the server has told how far another user has read. It may be configured never to tell it. */
  readonly hasReceipts: boolean;
}

/** The line is after the message with this id, or nowhere. `unknown`: the server hasn't told yet how far the user has read. */
export type NewLine = "none" | "unknown" | { readonly after: string };

export interface Conversation {
  readonly with: string;
  /** The messages in memory, in log order. No message is missing between the first one and the newest one. */
  readonly messages: readonly Message[];
  /** The state of the messages before the first one in `messages`. `more`: they exist. `none`: they don't. */
  readonly older: "unknown" | "loading" | "more" | "none" | "failed";
  /** The number of unread messages. MAX_UNREAD stands for that many or more. */
  readonly unread: number;
  /** The id up to which the user has read, on any device, "" for none. */
  readonly readUpTo: string;
  /** Messages up to this id are in the count already, "" for none. */
  readonly countedTo: string;
  /** True once the server has told the count (P71). Before that, only messages that arrived here are counted. */
  readonly isTold: boolean;
  /**
   * `sure`: the count follows from what the server told. `unsure`: it can't be computed from the messages in memory, so the
   * server must be asked. `asked`: it is being asked.
   */
  readonly certainty: "sure" | "unsure" | "asked";
  /** The id up to which the other user has read, as far as it is known, "" for nothing. */
  readonly readBy: string;
  /** The newest known message, for the list. */
  readonly last: Message | undefined;
}

/** A message that this user has sent and the server hasn't settled. */
export interface Pending {
  readonly ref: string;
  readonly to: string;
  readonly content: string;
  /** The time at which the message was written, in ms since 1970. No two messages have the same time. */
  readonly at: number;
  /** The id of the tab in which the message was written. */
  readonly tab: string;
  /** The time at which the message first left, in ms since 1970. From then on it may have gone through (G2). */
  readonly leftAt?: number | undefined;
  /**
   * `waiting`: the message waits for a connection or for an earlier message. `sending`: it has left for the server.
   * `failed`: it hasn't gone through, and `code` is the reason. `unknown`: no answer came in time.
   */
  readonly phase: "waiting" | "sending" | "failed" | "unknown";
  readonly code?: string | undefined;
  /**
   * The id of the live copy of this message, if the copy has arrived. The list then shows only the copy, unless the
   * send failed or has an unknown outcome.
   */
  readonly seenAs?: string | undefined;
  /** True if the browser couldn't save the message. Closing the page loses it. */
  readonly isUnsaved?: boolean | undefined;
}

export type ChatEvent =
  /** The connection's state has changed. */
  | { readonly type: "connection"; readonly state: State }
  /** A message arrived from the stream. */
  | { readonly type: "message"; readonly message: Message }
  /** A message of the stream was edited or deleted: its present state. */
  | { readonly type: "changed"; readonly message: Message }
  /** The user opened a conversation, or returned to the list (undefined). */
  | { readonly type: "opened"; readonly with: string | undefined }
  /** The user has read a conversation up to a message, in another tab or on another device. */
  | { readonly type: "read"; readonly with: string; readonly upTo: string }
  /** The other user of a private conversation has read it up to a message. */
  | { readonly type: "read-by"; readonly with: string; readonly upTo: string }
  /** The user turned to the page, or away from it. */
  | { readonly type: "attention"; readonly attentive: boolean }
  /** A message is the newest one on the screen. */
  | { readonly type: "on-screen"; readonly with: string; readonly id: string }
  /** The open conversation was scrolled to its end, or away from it. */
  | { readonly type: "following"; readonly following: boolean }
  /** A page of history was requested. */
  | { readonly type: "page-requested"; readonly with: string }
  /** The requested page arrived. */
  | {
      readonly type: "page";
      readonly with: string;
      readonly before: string | undefined;
      readonly page: HistoryPage;
    }
  /** The requested page couldn't be read. */
  | { readonly type: "page-failed"; readonly with: string }
  /** Entries of the list of conversations arrived from the server. */
  | { readonly type: "listed"; readonly entries: readonly ListedConversation[] }
  /** The server is asked for all uncertain counts. */
  | { readonly type: "counts-requested" }
  /** The user sent a message, or it was loaded. */
  | { readonly type: "queued"; readonly pending: Pending }
  /** A message left for the server. */
  | { readonly type: "left"; readonly ref: string; readonly at: number }
  /** The server acknowledged a message. */
  | { readonly type: "sent"; readonly ref: string; readonly id: string; readonly timestamp: string }
  /** A message failed, has an unknown outcome, or waits again. */
  | {
      readonly type: "unsent";
      readonly ref: string;
      readonly phase: "waiting" | "failed" | "unknown";
      readonly code?: string | undefined;
    }
  /** The user sends a failed message again. */
  | { readonly type: "retried"; readonly ref: string }
  /** The user deleted an unsettled message. */
  | { readonly type: "discarded"; readonly ref: string };

/** A conversation as the server tells it (P57, P71). */
export interface ListedConversation {
  readonly with: string;
  readonly last?: Message | undefined;
  readonly unread?: number | undefined;
  readonly read?: string | undefined;
  readonly readBy?: string | undefined;
}

/** An entry in the saved list of conversations. The fields are the same as in Conversation. */
export interface SavedEntry {
  readonly with: string;
  readonly last: Message | undefined;
  readonly unread: number;
  readonly readUpTo?: string | undefined;
  /** Absent in items of an older version of this page. */
  readonly countedTo?: string | undefined;
}
