import type { ChatError, EntryDraft } from "@parley/models";

/** The most drafts in one call to the log. A script blocks Redis, so a larger call delays everyone (L6). */
export const MAX_CALL_DRAFTS = 128;
/** The most bytes in one call to the log (L6). */
export const MAX_CALL_BYTES = 256 * 1024;

/** Appends messages and changes to the log. The gateways use this role. */
export interface Appender {
  /**
   * Appends drafts and returns one result per draft, in the same order. Never rejects, and never retries by itself.
   *
   * - `ok`: the entry is durable in the log and is delivered live (P31). If the log already has an entry with this
   *   `(conversation, user, ref)` and the same kind and content, the result is that entry's id and nothing is added
   *   (L5, G2).
   * - `ref_reused`: the log has this ref with other content, or for another kind of entry. The error is permanent.
   * - `not_enabled`: the draft is a change or has `meta`, and the log has format 1 (L25). The error is permanent.
   * - `backlog_full`: too many messages wait to be stored (L7), or the log remembers too many refs (L5). Above half of
   *   either bound, one sender's limit may be reached earlier. The error has `retryAfterMs`.
   * - `unavailable`: the outcome is unknown, or the log can't take drafts now. The sender retries, with the same ref
   *   (L6).
   *
   * A change gets an id above that of its message (L28). The caller has seen this message, so the id must be one of the
   * log's: a greater one would raise all later ids.
   *
   * Drafts enter the log in the order of the calls (P13). While a call to the log is in flight, new drafts wait and
   * share the next call (L6). The number of waiting drafts is bounded (G5).
   */
  append(drafts: readonly EntryDraft[]): Promise<readonly Appended[]>;
  /** Returns why drafts can't be appended now, as text for an operator, or undefined if they can. */
  problem(): string | undefined;
}

/** The result of one draft. */
export type Appended =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly error: ChatError };
