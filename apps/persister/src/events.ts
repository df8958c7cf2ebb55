import type { LogState, Outcome } from "@parley/bus";

/** What the persister tells its app, which counts and logs it. Never a content. Times are in ms. */
export type PersisterEvent =
  /** The store took a group of messages. */
  | { readonly type: "insert"; readonly messages: number; readonly ms: number }
  /** The log was told what became of messages, so many of each kind (L13). */
  | { readonly type: "settled"; readonly outcomes: Outcomes }
  /** The store cannot say: the same messages are tried again, and no more are read meanwhile. */
  | { readonly type: "outage"; readonly attempt: number; readonly retryInMs: number; readonly reason: string }
  | { readonly type: "recovered"; readonly attempts: number; readonly ms: number }
  /** The store refused a group as a whole, not being away: after the third time each message goes alone (L10). */
  | { readonly type: "group-failed"; readonly messages: number; readonly reason: string }
  /** One message cannot be stored. It comes again. */
  | { readonly type: "failed"; readonly id: string; readonly deliveries: number; readonly reason: string }
  /** Its sender has the ack of another one with the same ref and content: counted, not stored twice (L13). */
  | { readonly type: "duplicate"; readonly id: string; readonly of: string }
  /** Its ref stands for another content, but it was acknowledged: stored without its ref (L13). */
  | { readonly type: "ref-dropped"; readonly id: string; readonly heldBy: string }
  /** The log could not be told or read: the same messages come again. */
  | { readonly type: "log-failed"; readonly doing: "next" | "settle" | "trim"; readonly reason: string }
  /** How the log stands, about once a second. `lagMs`: how long the oldest message that is not stored may wait. */
  | { readonly type: "log-state"; readonly state: LogState; readonly lagMs: number };

/** What operators decide on dead letters. */
export interface DeadLetterDecision {
  readonly type: "dead-letter-decided";
  readonly id: string;
  readonly decision: "replayed" | "dropped";
  /** Who decided: the token's user. */
  readonly by: string;
}

export type Outcomes = Readonly<Partial<Record<Outcome["kind"], number>>>;

export type Observe = (event: PersisterEvent) => void;
