import type { LogState, Outcome } from "@parley/bus";

/** An operation on the log that can fail. */
export const LOG_STEPS = ["next", "settle", "trim", "watermark"] as const;
export type LogStep = (typeof LOG_STEPS)[number];

/** An event that the persister reports, for logs and metrics. Never holds contents. Times are in ms. */
export type PersisterEvent =
  /** The store answered the insert of a group of messages. */
  | { readonly type: "insert"; readonly messages: number; readonly ms: number }
  /** The store answered a group of changes. */
  | { readonly type: "change"; readonly changes: number; readonly ms: number }
  /** The maximum number of messages that are inserted together changed. */
  | { readonly type: "batch-limit"; readonly messages: number }
  /** The outcomes of entries were reported to the log: counts by kind, of messages (L13) and of changes (L28). */
  | { readonly type: "settled"; readonly messages: OutcomeCounts; readonly changes: OutcomeCounts }
  /** The store is unavailable. What wasn't stored is repeated, and nothing more is read until the store answers. */
  | { readonly type: "outage"; readonly attempt: number; readonly retryInMs: number; readonly reason: string }
  /** The store answers again, after `attempts` attempts. */
  | { readonly type: "recovered"; readonly attempts: number; readonly ms: number }
  /** The store's upgrade failed. It is tried again and continues where it was. Messages are stored meanwhile. */
  | {
      readonly type: "upgrade-failed";
      readonly attempt: number;
      readonly retryInMs: number;
      readonly reason: string;
    }
  /** The revocations can't be kept in the store. They are in the log, and it is tried again (L26). */
  | {
      readonly type: "revocations-not-kept";
      readonly attempt: number;
      readonly retryInMs: number;
      readonly reason: string;
    }
  /** The store is available but refused a whole group. After three refusals each entry is stored alone (L10). */
  | { readonly type: "group-failed"; readonly messages: number; readonly reason: string }
  /** One entry can't be stored. The log delivers it again. */
  | { readonly type: "failed"; readonly id: string; readonly deliveries: number; readonly reason: string }
  /** The change `id` waits for `message`, which isn't stored yet. The log delivers it again (L28). */
  | {
      readonly type: "change-early";
      readonly id: string;
      readonly message: string;
      readonly deliveries: number;
    }
  /** The change `id` of `message` has no effect, because that message isn't in the store and never will be (L28). */
  | { readonly type: "orphan"; readonly id: string; readonly message: string; readonly reason: string }
  /** A message was left out, because the store has its ref and content under the id `of` (L13). */
  | { readonly type: "duplicate"; readonly id: string; readonly of: string }
  /**
   * An acknowledged message is inserted without its ref, because the stored message `heldBy` has the same ref with
   * different content (L13).
   */
  | { readonly type: "ref-dropped"; readonly id: string; readonly heldBy: string }
  /** Read marks were stored, or dropped because their conversation doesn't exist (L27). */
  | { readonly type: "marks"; readonly stored: number; readonly dropped: number }
  /** Read marks couldn't be carried to the store. The next round repeats them. */
  | { readonly type: "marks-failed"; readonly reason: string }
  /** An operation on the log failed. The log delivers the operation's messages again. */
  | { readonly type: "log-failed"; readonly doing: LogStep; readonly reason: string }
  /**
   * The log's state, about once a second. The oldest unstored message has waited for at most `lagMs`. The time in the
   * log's last id is `leadMs` ahead of this process's clock, or 0 if it isn't ahead.
   */
  | {
      readonly type: "log-state";
      readonly state: LogState;
      readonly lagMs: number;
      readonly leadMs: number;
    }
  /**
   * The log is ahead of this process's clock by more than a minute, because the clock of Redis was or is ahead (F17).
   * New messages get the time in the log's last id until the clock has caught up.
   */
  | { readonly type: "log-ahead"; readonly leadMs: number }
  /** The log was ahead and no longer is. */
  | { readonly type: "log-in-time"; readonly leadMs: number };

/** An operator replayed or dropped a dead letter. */
export interface DeadLetterDecision {
  readonly type: "dead-letter-decided";
  readonly id: string;
  readonly decision: "replayed" | "dropped";
  /** The operator: the token's user. */
  readonly by: string;
}

/** The number of entries by outcome. */
export type OutcomeCounts = Readonly<Partial<Record<Outcome["kind"], number>>>;

/** Receives the events of a persister. */
export type Observe = (event: PersisterEvent) => void;
