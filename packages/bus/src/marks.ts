/**
 * Read marks: `user` has read everything in the conversation with `with` up to the message `id` (P70). `with` is "" for the
 * public room. Marks that aren't stored yet are kept beside the log (L27). They have no place in its order.
 */
export interface ReadMark {
  readonly user: string;
  readonly with: string;
  readonly id: string;
}

/** Names a mark. */
export type MarkName = Pick<ReadMark, "user" | "with">;

/**
 * The maximum number of marks that aren't stored yet. At the bound a conversation without such a mark gets none (G5), and
 * those that have one can still grow. From half of the bound on, a user may hold at most a share of what is free, as a
 * sender may of the backlog: see sender-shares.ts.
 */
export const MAX_UNSTORED_MARKS = 200_000;
/** The maximum number of marks in one call, because a script blocks all other clients of Redis (L6). */
export const MAX_CALL_MARKS = 128;

/**
 * The result of raising one mark. `kept`: the mark is at least at the id. `full`: too many marks of all users or of this one
 * wait to be stored, and the mark is where it was.
 */
export type Raised = "kept" | "full";

/** Raises marks and hears of marks that were raised. The gateways use this role. */
export interface MarkFeed {
  /**
   * Raises marks to their ids, and returns a result for each, in the same order. A mark never goes back: a lower id changes
   * nothing. An id beyond the log's end counts as the end. Listeners that have joined the mark's user hear of each mark that
   * has grown.
   *
   * Rejects with `unavailable` if the outcome is unknown. The caller may repeat the call.
   */
  raise(marks: readonly ReadMark[]): Promise<readonly Raised[]>;
  /**
   * Subscribes to the marks of a user, and to those of others in private conversations with the user. Resolves once the
   * subscription is active: marks raised from then on are heard. Never rejects. Waits while the connection is down.
   */
  join(user: string): Promise<void>;
  /** Ends the subscription of `user`. Does nothing if there is none. */
  leave(user: string): void;
  /** Returns why marks can't be raised or heard now, as text for an operator, or undefined if they can. */
  problem(): string | undefined;
}

/** Receives marks. Its methods must not throw. */
export interface MarkListener {
  /**
   * Called with a mark for the connections of `audience`, a user that has joined. This is the mark's own user once the mark
   * was raised, and in a private conversation the other one once the mark is stored. Marks may come twice and in any order,
   * even a lower one after a greater one, so the greatest counts.
   */
  mark(audience: string, mark: ReadMark): void;
  /** Called after an interruption in which marks were missed. */
  missed(): void;
}

/** A part of the marks that aren't stored yet. */
export interface UnstoredMarks {
  readonly marks: readonly ReadMark[];
  /** Everything up to this id is stored (L12). It was read together with the marks. */
  readonly watermark: string;
  /** The `cursor` for the next part, or "" if this was the last one. */
  readonly cursor: string;
}

/** Hands out marks to store. The persisters use this role. */
export interface MarkQueue {
  /**
   * Returns a part of the marks, in no order. Begins without a cursor. A mark that exists during the calls from the first to
   * the last part is in one of them, and may be in two. Rejects with `unavailable` if that fails.
   */
  list(cursor?: string): Promise<UnstoredMarks>;
  /**
   * Removes marks that are stored at these ids or greater ones, each unless it has moved since it was listed. The other one
   * in a private conversation hears of each mark, even if it has moved. Rejects with `unavailable` if that fails.
   */
  stored(marks: readonly ReadMark[]): Promise<void>;
  /** Removes marks that mean nothing, each unless it has moved. Nobody hears of that. Rejects like `stored`. */
  drop(marks: readonly ReadMark[]): Promise<void>;
}

/** Reads marks that aren't stored yet. The history-api uses this role. */
export interface MarkReader {
  /**
   * Returns the ids of these marks, in their order. Undefined: there is no mark that isn't stored. So read the store after
   * this (L27). Rejects with `unavailable` if that fails.
   */
  find(names: readonly MarkName[]): Promise<readonly (string | undefined)[]>;
}
