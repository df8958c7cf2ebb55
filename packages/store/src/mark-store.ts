/** Names the read mark of a user in a conversation: `with` is the other user, or "" for the public room (P70). */
export interface MarkName {
  readonly user: string;
  readonly with: string;
}

/** A read mark: the user has read everything up to this id. */
export interface StoredMark extends MarkName {
  readonly id: string;
}

/** The outcome of one mark. `noConversation`: the two users have no conversation, and nothing was stored. */
export type MarkOutcome = "kept" | "noConversation";

/** Read marks in the store (L27). */
export interface MarkStore {
  /**
   * Keeps marks durably, each unless a greater one is stored, and returns one outcome for each, in their order. May be
   * repeated, and the order doesn't matter. All messages up to a mark must be stored before: the store looks for the mark's
   * conversation.
   *
   * Rejects with `unavailable` if the outcome is unknown. The caller retries with the same marks.
   */
  keep(marks: readonly StoredMark[]): Promise<readonly MarkOutcome[]>;
  /**
   * Returns how far these users have read these conversations, in their order: the greatest of the mark and, in a private
   * conversation, of the ids with which the user has sent a stored message (P71). Undefined: there is neither.
   */
  find(
    names: readonly MarkName[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<readonly (string | undefined)[]>;
}

/** Returns the text by which a mark is found. Usernames contain no colon (P4). */
export function markKey({ user, with: other }: MarkName): string {
  return `${user}:${other}`;
}
