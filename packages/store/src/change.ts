import type { ChangeDraft, LogChange, StoredMessage } from "@parley/models";

export interface ChangeOptions {
  /**
   * Everything up to this id of the log is stored (L12). Must be read before the call: a message at or before it that
   * isn't found will never be stored. ORIGIN if it isn't known.
   */
  readonly watermark: string;
}

/** The outcome of one change (L28). */
export type ChangeOutcome =
  /** The change is kept, and its message is as if the change had been applied in the order of the log. */
  | { readonly kind: "stored" }
  /** The message will never exist, or is another one. The change is kept and has no effect. `reason` has no content. */
  | { readonly kind: "orphan"; readonly reason: string }
  /** The message isn't stored yet. Another persister may have it: the log delivers the change again. */
  | { readonly kind: "notYet" }
  /** The store can't hold this change now. `reason` contains nothing of it. */
  | { readonly kind: "failed"; readonly reason: string };

/** A change as a store keeps it: without content and `meta`, because a later delete must hide them (P75). */
export interface StoredChange extends Pick<ChangeDraft, "kind" | "from" | "to" | "id" | "digest" | "ref"> {
  /** The change's own id. */
  readonly change: string;
  /** The moderator who deleted the message. */
  readonly by?: string;
  /** The digest of the change itself, by which a repeated ref is recognized (L5): see `changeDigest`. */
  readonly ownDigest: string;
}

/** A change, with its message as it is now. */
export interface ChangedMessage {
  readonly change: StoredChange;
  /** The message for which the change's `id` stands: under another id if that is an alias (L37). */
  readonly message: StoredMessage;
}

/** Selects changes: of the messages that a user may see (P53), of one conversation, or of all conversations (P63). */
export type ChangesOf = { readonly user: string } | { readonly conversation: string } | "everyone";

/** The names of a change: of its conversation, of the user who made it, and of the change for that user (L5). */
export type ChangeRef = Pick<LogChange, "from" | "to"> & { readonly by?: string; readonly ref: string };
