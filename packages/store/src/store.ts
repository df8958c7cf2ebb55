import type { LogMessage } from "@parley/models";

/** What history is kept in. Ids are log positions as text: every order here is id order. */
export interface Store {
  /**
   * Makes what the store needs (tables, indexes). Safe to call again and by several at once. Rejects with
   * `unavailable` when it cannot be made now, with StoreUnusable when what is there stands in its way.
   */
  prepare(): Promise<void>;
  /**
   * Keeps messages, durably: one outcome a message, in the order given (L13). Idempotent by id and by
   * `(conversation, from, ref)`; of messages of one batch that collide the first is kept, and what is not inserted is
   * judged by what is kept once the batch is done. Rejects with `unavailable` when the store cannot say; then any of
   * them may be kept, and calling again with the same messages is right.
   */
  insert(messages: readonly LogMessage[]): Promise<readonly Inserted[]>;
  /** The greatest id kept, ORIGIN where there is none. */
  lastId(): Promise<string>;
  /**
   * Messages of a conversation within `range`, oldest first, at most `limit`: those nearest to its lower end, or
   * with `newest` to its upper end.
   */
  page(
    conversation: string,
    options: Range & { readonly limit: number; readonly newest: boolean },
  ): Promise<readonly LogMessage[]>;
  /** All messages of a conversation within `range`, oldest first, in constant memory. */
  all(conversation: string, range: Range, signal?: AbortSignal): AsyncIterable<LogMessage>;
  /** Everything `user` may see within `range`, in id order, at most `limit` (P53). */
  sync(user: string, options: Range & { readonly limit: number }): Promise<readonly LogMessage[]>;
  /**
   * The last message of each private conversation of `user`, newest first: of those whose last one lies before
   * `before`, at most `limit` (P57). Looks at no more than `limit` conversations and as many messages.
   */
  conversations(
    user: string,
    options: { readonly before?: string | undefined; readonly limit: number },
  ): Promise<LastMessages>;
  /** Of these messages' `(conversation, from, ref)`, the messages that are kept under them. Those without ref count for nothing. */
  findByRef(messages: readonly LogMessage[]): Promise<readonly LogMessage[]>;
  /** Resolves when the store answers, rejects with `unavailable` when it does not. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface LastMessages {
  readonly messages: readonly LogMessage[];
  /** What to ask with as `before` for those that follow. Undefined: there are none. */
  readonly next: string | undefined;
}

/** Both ends are ids and exclusive. */
export interface Range {
  readonly after?: string | undefined;
  readonly before?: string | undefined;
}

export type Inserted =
  /** It is kept: inserted now, or there already with the same id and content. */
  | { readonly kind: "stored" }
  /** The same `(conversation, from, ref)` with the same content is kept under this id; nothing was added. */
  | { readonly kind: "duplicateOf"; readonly id: string }
  /** That ref stands for another content; nothing was added. */
  | { readonly kind: "refReused"; readonly id: string }
  /** This id stands for another message; nothing was added. */
  | { readonly kind: "idConflict" }
  /** The store refuses this one message; `reason` holds nothing of its content. */
  | { readonly kind: "failed"; readonly reason: string };
