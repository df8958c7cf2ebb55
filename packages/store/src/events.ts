/** The operations of a store, as named in events. `all` has no name of its own, because it reads with `page`. */
export const STORE_OPERATIONS = [
  "prepare",
  "upgrade",
  "insert",
  "change",
  "lastId",
  "name",
  "page",
  "sync",
  "feed",
  "conversations",
  "findByRef",
  "findById",
  "changes",
  "findChange",
  "keepRevocations",
  "revocations",
  "keepMarks",
  "findMarks",
  "ping",
  "close",
] as const;
export type StoreOperation = (typeof STORE_OPERATIONS)[number];

/** The operations that read messages or changes. */
export type StoreRead = Extract<
  StoreOperation,
  "page" | "sync" | "feed" | "conversations" | "findByRef" | "findById" | "changes" | "findChange"
>;

/** Kinds of data that messages of an earlier version lack: their conversations (P57), their keys and digests. */
export type BackfillSubject = "conversations" | "keys";

/** An event of a store, for logs and metrics. Never contains content, a username or a password. */
export type StoreEvent =
  /** A call of `insert`: the number of messages by outcome, and the time in ms. */
  | {
      readonly type: "insert";
      readonly messages: number;
      readonly stored: number;
      readonly duplicates: number;
      readonly refsReused: number;
      readonly idConflicts: number;
      readonly failed: number;
      readonly ms: number;
    }
  /** A call of `change`: the number of changes by outcome, and the time in ms. */
  | {
      readonly type: "change";
      readonly changes: number;
      readonly stored: number;
      readonly orphans: number;
      readonly notYet: number;
      readonly failed: number;
      readonly ms: number;
    }
  /** A read: the number of messages or changes returned, and the time in ms. `all` causes one event for each of its pages. */
  | {
      readonly type: "read";
      readonly operation: StoreRead;
      readonly messages: number;
      readonly ms: number;
    }
  /**
   * Progress of `upgrade`. `messages` have been read so far, up to the id `upTo`; something was added for `filled` of
   * them.
   */
  | {
      readonly type: "backfill";
      readonly subject: BackfillSubject;
      readonly messages: number;
      readonly filled: number;
      readonly upTo: string;
      readonly done: boolean;
      readonly ms: number;
    }
  /** The data directory belongs to another user. `warning` is a text about this for an operator. */
  | { readonly type: "directory-warning"; readonly warning: string }
  /** An operation rejected with `unavailable` after `ms`. `reason` is the kind of error. */
  | {
      readonly type: "failure";
      readonly operation: StoreOperation;
      readonly reason: string;
      readonly ms: number;
    };

/** Receives the events of a store. */
export type Observe = (event: StoreEvent) => void;
