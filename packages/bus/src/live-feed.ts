import type { Body } from "@parley/models";

/** Hears messages as they enter the log. A gateway's role. */
export interface LiveFeed {
  /**
   * Listens for `user` too; the public room is always listened to. Resolves, once that is active, with the log's
   * end read after it was: every message for the user or the public room after this cursor will be delivered, and
   * some at or before it may be, which the caller drops (L17). Delivery begins at the call, not at the answer: who
   * does not hear from the call on misses what comes in between. Rejects with `unavailable` when that cannot be said
   * now. Joining twice is one listening; `leave` ends it.
   */
  join(user: string): Promise<string>;
  leave(user: string): void;
  /** What keeps the stream from being whole at this moment, in words for an operator, or undefined. */
  problem(): string | undefined;
}

/** A message on its way to an audience. */
export interface LiveMessage {
  readonly id: string;
  readonly body: Body;
}

/** Neither may throw. */
export interface LiveListener {
  /**
   * A message for everybody (`audience` "") or for one user's connections. Calls come in log order, over all
   * audiences together (L14). After an interruption the hole is filled from the log first, and then a message may
   * be delivered that already was: a receiver drops what is not after the last it got (P21).
   */
  message(audience: string, message: LiveMessage): void;
  /**
   * The stream cannot be vouched for: the log was replaced, or the hole reaches back to what has been trimmed
   * (L18). Every message after `cursor` will be delivered; what lies between the last message heard and `cursor`
   * is to be had from history alone (P23).
   */
  gap(cursor: string): void;
}
