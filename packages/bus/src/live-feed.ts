import type { Body, ChangeDraft } from "@parley/models";

/** Delivers messages and changes as they enter the log. The gateways use this role. */
export interface LiveFeed {
  /**
   * Subscribes to the private messages of `user`. Public messages are always delivered.
   *
   * Resolves with a cursor: the log's end, read once the subscription was active. Every message after the cursor, for
   * `user` or for everybody, is delivered. Some messages up to the cursor may be delivered too, and the caller drops
   * them (L17). Messages may arrive before the promise resolves, so the caller must accept them from the call on.
   *
   * Rejects with `unavailable` if the log's end can't be read now. Even then the subscription stays until `leave`. A
   * second `join` of the same user adds no second subscription: one `leave` ends it.
   */
  join(user: string): Promise<string>;
  /** Ends the subscription of `user`. Does nothing if there is none. */
  leave(user: string): void;
  /** Returns why the live stream is incomplete now, as text for an operator, or undefined if it is complete. */
  problem(): string | undefined;
}

/** A message or a change that is delivered live. What is said of messages here holds for changes too (L25). */
export interface LiveMessage {
  /** The entry's own position: the id of a message, or that of a change. */
  readonly id: string;
  /** The body as the log has it. `messageFrame` and `changeFrame` make frames of it without decoding it. */
  readonly body: Body;
  /** The kind of change. Absent for a message. */
  readonly kind?: ChangeDraft["kind"];
}

/** Receives live messages. Its methods must not throw. */
export interface LiveListener {
  /**
   * Called with each message and change. `audience` is "" for a public message, otherwise the user whose connections get
   * the message. For a private message there is one call for its sender and one for its recipient, if both have joined.
   * A change has the audiences of its message.
   *
   * Calls come in log order, over all audiences together (L14). After an interruption the missing messages are read
   * from the log, and a message may be delivered twice. The receiver drops each message whose id isn't greater than
   * the last id that it got (P21).
   */
  message(audience: string, message: LiveMessage): void;
  /**
   * Called when missing messages can't be delivered any more, because the log was trimmed or replaced (L18). Every
   * message after `cursor` is delivered. Messages between the last one delivered and `cursor` can only be read from
   * history (P23).
   */
  gap(cursor: string): void;
}
