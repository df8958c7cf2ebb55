export type StoreOperation =
  | "prepare"
  | "insert"
  | "lastId"
  | "page"
  | "sync"
  | "conversations"
  | "findByRef"
  | "ping"
  | "close";

export type StoreRead = Extract<StoreOperation, "page" | "sync" | "conversations" | "findByRef">;

/** What an adapter tells its app, which counts and logs it. Never a content, a username or a password. */
export type StoreEvent =
  /** One call of `insert`: how many messages, what became of them, how long it took in ms. */
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
  /** One read from the store: how many messages it gave, how long it took in ms. `all` reads page by page. */
  | {
      readonly type: "read";
      readonly operation: StoreRead;
      readonly messages: number;
      readonly ms: number;
    }
  /** Conversations that an earlier version kept only as messages get their documents (P57): so far it has read. */
  | {
      readonly type: "backfill";
      readonly messages: number;
      readonly upTo: string;
      readonly done: boolean;
      readonly ms: number;
    }
  /** The store could not say: the caller was told `unavailable`, after so many ms. `reason` is the kind of error. */
  | {
      readonly type: "failure";
      readonly operation: StoreOperation;
      readonly reason: string;
      readonly ms: number;
    };

export type Observe = (event: StoreEvent) => void;
