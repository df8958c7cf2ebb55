/** A steady load. All rates are per second, over all users together. */
export interface Load {
  /** Number of users. Each has one connection that stays open. */
  readonly users: number;
  /** Private messages from a user to one of four others. */
  readonly messages: number;
  /** Further connections of the users, each of which is closed after VISIT_MS. */
  readonly visits: number;
  /** Requests to history-api: a page, a sync and the list of conversations in turn. */
  readonly reads: number;
}

export const FULL_LOAD: Load = { users: 300, messages: 200, visits: 14, reads: 3 };
/** A load that leaves room for other tests on the same machine. */
export const SHORT_LOAD: Load = { users: 20, messages: 40, visits: 4, reads: 3 };
