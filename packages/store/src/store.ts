import type { LogChange, LogMessage, RevocationEntry, StoredMessage } from "@parley/models";
import type {
  ChangedMessage,
  ChangeOptions,
  ChangeOutcome,
  ChangeRef,
  ChangesOf,
  StoredChange,
} from "./change.ts";
import type { MarkStore } from "./mark-store.ts";
import type { PageSize } from "./page-size.ts";

/**
 * The port to the database that keeps history. Its adapters are in `sqlite` and `mongo`. The contract suite in
 * packages/testkit/src/store tests that each adapter does what these comments say.
 *
 * - Ids are log positions as text (L2). Every order is id order.
 * - An operation that the database can't answer rejects with StoreUnavailable, a ChatError `unavailable`. Its
 *   `cause` is only the kind of the database's error, because a driver's error may contain messages.
 * - A read whose `signal` is aborted rejects with the signal's reason. The server's work for it ends soon.
 * - A `limit` of zero or less returns nothing. A result with `maxBytes` ends at the message with which its estimated
 *   size reaches that bound (G5). So it has at least one message if there are any. If the result isn't full
 *   (`isFull`), no more messages follow it.
 * - A message that is read has today's content, and the digest of what was stored first (L29).
 * - Once `insert` or `change` has returned `stored`, this is durable and every later read includes it (G1).
 */
export interface Store {
  /** Read marks (P70). */
  readonly marks: MarkStore;
  /**
   * Creates tables, indexes and whatever else inserts and reads need. Safe to call again, and by several processes at
   * once. Rejects with `unavailable` if it can't finish now; the next call continues. Rejects with StoreUnusable if
   * existing data conflicts with the indexes or tables, because a retry can't help then.
   */
  prepare(options?: PrepareOptions): Promise<void>;
  /**
   * Adds what stored messages of an earlier version lack, and finishes the change to the format that `prepare` got. May
   * take long. Meanwhile messages can be inserted and read, except that `conversations` is unavailable until its part is
   * done. Call it after `prepare`. Safe to call again, to interrupt at any point, and to run in several processes.
   *
   * Rejects with `unavailable` if a step fails, and the next call continues from there. Rejects with the signal's reason
   * once the signal is aborted.
   */
  upgrade(signal: AbortSignal): Promise<void>;
  /**
   * Stores messages durably and returns one outcome for each, in the order of `messages` (L13). Idempotent by id and
   * by `(conversation, from, ref)`.
   *
   * If messages of one batch collide, the first is stored. The outcome of a message that wasn't inserted depends on
   * what is stored under its id and its ref after the whole batch.
   *
   * Rejects with `unavailable` if the outcome is unknown. Any of the messages may then be stored, and the caller
   * retries with the same messages.
   */
  insert(messages: readonly LogMessage[], options?: InsertOptions): Promise<readonly InsertOutcome[]>;
  /**
   * Keeps changes durably, applies them to their messages, and returns one outcome for each, in the order of `changes`
   * (L28). May be repeated, and the order of changes doesn't matter: see `applyChange`. A change whose `id` is an alias
   * applies to the first message, for which the alias stands: both had the same sender, recipient and content (L37).
   *
   * Rejects with `unavailable` if the outcome is unknown. Any of the changes may then be applied, and the caller retries
   * with the same changes.
   */
  change(changes: readonly LogChange[], options: ChangeOptions): Promise<readonly ChangeOutcome[]>;
  /**
   * Returns the greatest stored id, or ORIGIN if the store is empty. The ids of aliases, changes and marks count. A new log
   * starts above this id (L1).
   */
  lastId(): Promise<string>;
  /**
   * Returns at most `limit` messages of a conversation within the range, oldest first (P51). If there are more,
   * returns those nearest to the range's lower end, or with `newest` those nearest to its upper end.
   */
  page(conversation: string, options: PageOptions): Promise<readonly StoredMessage[]>;
  /**
   * Iterates over all messages of a conversation within the range, oldest first (P50). Uses constant memory, however
   * slowly the caller reads. Throws the signal's reason once the signal is aborted.
   */
  all(conversation: string, range: Range, signal?: AbortSignal): AsyncIterable<StoredMessage>;
  /** Returns the first `limit` messages within the range that `user` may see, in id order (P53). */
  sync(user: string, options: Range & PageSize & Abandonable): Promise<readonly StoredMessage[]>;
  /** Returns the first `limit` messages within the range, of all conversations, in id order (P63). */
  feed(options: Range & PageSize & Abandonable): Promise<readonly StoredMessage[]>;
  /**
   * Returns the last message of each private conversation of `user`, newest first (P57). Includes only conversations
   * whose last message is before `before`. Reads at most `limit` conversations and as many messages, however many
   * conversations the user has and however long they are. A result that reaches `limit`, or ends early at `maxBytes`,
   * has a next page, which may be empty.
   */
  conversations(
    user: string,
    options: PageSize & Abandonable & { readonly before?: string | undefined },
  ): Promise<LastMessages>;
  /**
   * Returns the messages stored under the `(conversation, from, ref)` of the given messages, each once, in any order
   * (L19). Messages without a ref are ignored.
   */
  findByRef(messages: readonly LogMessage[], options?: Abandonable): Promise<readonly StoredMessage[]>;
  /**
   * Returns the message with an id. If the id is an alias, returns the message for which it stands (L37). Returns
   * undefined if there is neither.
   */
  findById(id: string, options?: Abandonable): Promise<StoredMessage | undefined>;
  /** Does the same for several ids at once. The result has each message under every id with which it was found. */
  findByIds(ids: readonly string[], options?: Abandonable): Promise<ReadonlyMap<string, StoredMessage>>;
  /**
   * Returns the first changes within the range, by their own ids, in order, each with its message as it is now (P75).
   * Leaves out changes without effect for lack of a message: orphans, and those whose message isn't stored yet. `limit`
   * and `maxBytes` count each change's message.
   */
  changes(of: ChangesOf, options: Range & PageSize & Abandonable): Promise<readonly ChangedMessage[]>;
  /** Returns the change stored under a ref, the first one if there are several. Returns undefined if there is none. */
  findChange(ref: ChangeRef, options?: Abandonable): Promise<StoredChange | undefined>;
  /** The revocations that a new log starts with (L26). */
  readonly revocations: StoredRevocations;
  /** Resolves if the database answers. */
  ping(): Promise<void>;
  /** Closes the connection. Every later operation rejects with `unavailable`. Safe to call again. */
  close(): Promise<void>;
}

/** Revocations in the store (L26). */
export interface StoredRevocations {
  /**
   * Keeps entries durably. Of two versions of an entry, the one with the greater number stays. Rejects with `unavailable` if
   * the outcome is unknown; the caller retries with the same entries.
   */
  keep(entries: readonly RevocationEntry[]): Promise<void>;
  /** Returns all entries, those that were deleted too. */
  all(): Promise<readonly RevocationEntry[]>;
}

/**
 * The format in which a store keeps refs unique. Processes of versions before format 2 can only use format 1. An adapter
 * for a single process has no formats and ignores the option.
 */
export type StoreFormat = 1 | 2;

export interface PrepareOptions {
  /** Undefined: a new store gets format 2, and an existing one stays as it is. */
  readonly format?: StoreFormat | undefined;
}

/** An option of reads: the caller aborts the signal when it doesn't need the result any more. */
export interface Abandonable {
  readonly signal?: AbortSignal | undefined;
}

export interface InsertOptions {
  /**
   * True if an earlier attempt, whose outcome is unknown, may have stored some of the messages. The store then looks
   * for them first, so that only what isn't stored is written again.
   */
  readonly mayBeStored?: boolean;
  /**
   * True if the messages' senders have acks with these ids. For a message with the outcome `duplicateOf`, the store then
   * keeps its id as an alias of the first message, before `insert` returns (L37).
   */
  readonly keepAliases?: boolean;
}

/** An id that stands for the stored message `of`, which has the same ref and content (L37). */
export interface Alias {
  readonly id: string;
  readonly of: string;
}

/** A page of the list of conversations. */
export interface LastMessages {
  readonly messages: readonly StoredMessage[];
  /** The `before` of the next page. Undefined if there are no more conversations. */
  readonly next: string | undefined;
}

/** A page of a conversation. */
export interface PageOptions extends Range, PageSize, Abandonable {
  readonly newest: boolean;
  /**
   * True for messages without what they say: `content` is "", and there is no `meta`. So long messages cost no more than
   * short ones. Each has its digest, also if an earlier version stored it without one.
   */
  readonly withoutContent?: boolean | undefined;
}

/** A range of ids. Both ends are exclusive. An undefined end leaves the range open on that side. */
export interface Range {
  readonly after?: string | undefined;
  readonly before?: string | undefined;
}

/** The outcome of one message of an insert (L13). */
export type InsertOutcome =
  /** The message is stored: it was inserted, or was already there with the same id and content. */
  | { readonly kind: "stored" }
  /** Not inserted: the same `(conversation, from, ref)` with the same content is stored under this id. */
  | { readonly kind: "duplicateOf"; readonly id: string }
  /** Not inserted: the same `(conversation, from, ref)` with different content is stored under this id. */
  | { readonly kind: "refReused"; readonly id: string }
  /** Not inserted: a different message is stored under the same id. */
  | { readonly kind: "idConflict" }
  /** Not inserted: the store can't hold this message. `reason` contains nothing of the message. */
  | { readonly kind: "failed"; readonly reason: string };
