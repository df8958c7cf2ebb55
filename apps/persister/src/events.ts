import type { LogState, Outcome } from "@parley/bus";

/** An operation on the log that can fail. */
export const LOG_STEPS = ["next", "settle", "trim"] as const;
export type LogStep = (typeof LOG_STEPS)[number];

/** An event that the persister reports, for logs and metrics. Never holds contents. Times are in ms. */
export type PersisterEvent =
  /** The store answered the insert of a group of messages. */
  | { readonly type: "insert"; readonly messages: number; readonly ms: number }
  /** The outcomes of messages were reported to the log. `outcomes` counts them by kind (L13). */
  | { readonly type: "settled"; readonly outcomes: OutcomeCounts }
  /** The store is unavailable. The same messages are retried, and no others are read until it answers. */
  | { readonly type: "outage"; readonly attempt: number; readonly retryInMs: number; readonly reason: string }
  /** The store answers again, after `attempts` attempts. */
  | { readonly type: "recovered"; readonly attempts: number; readonly ms: number }
  /** The store is available but refused a whole group. After three refusals each message is inserted alone (L10). */
  | { readonly type: "group-failed"; readonly messages: number; readonly reason: string }
  /** One message can't be stored. The log delivers it again. */
  | { readonly type: "failed"; readonly id: string; readonly deliveries: number; readonly reason: string }
  /** A message was left out, because the store has its ref and content under the id `of` (L13). */
  | { readonly type: "duplicate"; readonly id: string; readonly of: string }
  /**
   * An acknowledged message is inserted without its ref, because the stored message `heldBy` has the same ref with
   * different content (L13).
   */
  | { readonly type: "ref-dropped"; readonly id: string; readonly heldBy: string }
  /** An operation on the log failed. The log delivers the operation's messages again. */
  | { readonly type: "log-failed"; readonly doing: LogStep; readonly reason: string }
  /** The log's state, measured about once a second. */
  | { readonly type: "log-state"; readonly state: LogState };

/** An operator replayed or dropped a dead letter. */
export interface DeadLetterDecision {
  readonly type: "dead-letter-decided";
  readonly id: string;
  readonly decision: "replayed" | "dropped";
  /** The operator: the token's user. */
  readonly by: string;
}

/** The number of messages by outcome. */
export type OutcomeCounts = Readonly<Partial<Record<Outcome["kind"], number>>>;

/** Receives the events of a persister. */
export type Observe = (event: PersisterEvent) => void;
