import type { LogMessage } from "@parley/models";
import type { LogState } from "./log-state.ts";

/** Facts about the store in which a consumer stores the log. Both functions reject if the store doesn't answer. */
export interface ConsumeOptions {
  /** Returns the store's greatest id, or ORIGIN if there is none. A new log starts above it (L1). */
  readonly lastStored: () => Promise<string>;
  /** Returns the name of the store, or "" if it has none. It proves that a log under other names is this one's (L38). */
  readonly storeName?: () => Promise<string>;
}

/** Delivers the log's messages to a persister, which stores them. Several consumers divide the messages among them. */
export interface Consumer {
  /**
   * True if senders get their acks before their messages are consumed. Then every message must be stored, even if the
   * store has its ref with other content (L13). If false, senders get their results only from `settle`, so an outcome
   * such as `refReused` still reaches them.
   */
  readonly acknowledged: boolean;
  /**
   * Returns the next messages that no other consumer works on, in log order. They are new messages, messages that
   * failed before, or messages of a dead or frozen consumer. Waits until there is at least one message, and returns at
   * most one batch, of at most `limit` messages. Returns an empty list only if `signal` is aborted.
   *
   * Entries that can't be decoded go to the dead letters. Entries of a newer format stay in the log for a consumer
   * that knows the format (L10). If the log is unavailable, `next` waits until the log is back. Rejects only if
   * `signal` is aborted.
   */
  next(signal: AbortSignal, limit?: number): Promise<readonly Consumed[]>;
  /**
   * Returns the given messages without those that another consumer has taken over, because nothing was settled for a
   * long time. Ask before an attempt to store is repeated, so that two consumers don't both repeat it. Never rejects:
   * if the log is unavailable, returns all of them, because a second insert does no harm.
   */
  held(messages: readonly Consumed[]): Promise<readonly Consumed[]>;
  /**
   * Reports the outcome of messages that `next` returned. After `failed`, the message is delivered again later. After
   * any other outcome the log may drop the message (L13).
   *
   * Rejects with `unavailable` if the log didn't record the outcomes. Then the same messages are delivered again, to
   * this consumer or to another one.
   */
  settle(settled: readonly Settled[]): Promise<void>;
  /**
   * Removes entries from the log that are stored and older than the minimum age (L12), and returns the log's state.
   * Returns the state even while the store is away; then it may remove nothing. Rejects with `unavailable` if it fails.
   */
  trim(): Promise<LogState>;
  readonly deadLetters: DeadLetters;
  /** Returns why nothing can be consumed now, as text for an operator, or undefined if consuming works. */
  problem(): string | undefined;
}

/** A message that `next` delivered. */
export interface Consumed {
  readonly message: LogMessage;
  /** The number of deliveries, this one included. A large number means that storing the message keeps failing. */
  readonly deliveries: number;
}

/** A delivered message and its outcome. */
export interface Settled {
  readonly message: LogMessage;
  readonly outcome: Outcome;
}

/** The outcome of storing one message (L13). */
export type Outcome =
  /** The store has the message: this attempt inserted it, or it was there before with the same id and content. */
  | { readonly kind: "stored" }
  /** The store has the same `(conversation, from, ref)` and content under the id `id`. */
  | { readonly kind: "duplicateOf"; readonly id: string }
  /** The store has this ref with other content. Reported only if the consumer's `acknowledged` is false. */
  | { readonly kind: "refReused" }
  /** The store has another message under this id. The message is appended again, with its ref and a new id. */
  | { readonly kind: "idConflict" }
  /** The message couldn't be stored. It is delivered again. */
  | { readonly kind: "failed"; readonly reason: string };

/** Log entries that aren't messages, kept until an operator replays or drops them (L10). */
export interface DeadLetters {
  /** Lists dead letters after the id `after`, oldest first, at most `limit`. */
  list(options: { readonly after?: string; readonly limit: number }): Promise<readonly DeadLetter[]>;
  /** Appends a dead letter to the log as a new message, if it can be decoded now. */
  replay(id: string): Promise<"replayed" | "undecodable" | "not_found">;
  /** Deletes a dead letter. */
  drop(id: string): Promise<"dropped" | "not_found">;
}

/** A log entry that isn't a message. */
export interface DeadLetter {
  /** The dead letter's own id. */
  readonly id: string;
  /** The entry's position in the log, in the log's own notation. */
  readonly position: string;
  /** Why the entry isn't a message. */
  readonly reason: string;
  /** When the entry was moved here, as ISO 8601. */
  readonly at: string;
  /** The entry's fields, unchanged. */
  readonly fields: Readonly<Record<string, string>>;
}
