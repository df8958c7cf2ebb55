import type { ChatError, Draft } from "@parley/models";

/** As much as one call to the log carries (L6): a script blocks everybody. */
export const MAX_CALL_DRAFTS = 128;
export const MAX_CALL_BYTES = 256 * 1024;

/** Puts messages into the log. A gateway's role. */
export interface Appender {
  /**
   * Settles each draft by itself, in the order given: one result a draft, and never a rejection.
   *
   * - `ok`: the message is durable in the log and everybody who listens live is being told (P31). A draft whose
   *   `(conversation, from, ref)` the log has seen within the dedupe window gets the first one's id, and nothing is
   *   added (L5, G2).
   * - `ref_reused`: that ref stands for another content; permanent.
   * - `backlog_full`: too much is not stored yet; comes with a retry time (L7).
   * - `unavailable`: the outcome is unknown or the log cannot take drafts now. Nothing here tries again by itself:
   *   the sender does, with its ref (L6).
   *
   * Drafts enter the log in the order of the calls (P13). While a call to the log is under way the next drafts
   * gather, so one call carries many (L6); what waits is bounded.
   */
  append(drafts: readonly Draft[]): Promise<readonly Appended[]>;
  /** What keeps drafts from being taken at this moment, in words for an operator, or undefined. */
  problem(): string | undefined;
}

export type Appended =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly error: ChatError };
