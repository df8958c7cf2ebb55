import { isId, isSameContent, type LogMessage, type StoredMessage } from "@parley/models";
import type { StoreEvent } from "./events.ts";
import type { Alias, InsertOutcome } from "./store.ts";

/**
 * Maximum size of a message's fields together, in bytes of UTF-8. A MongoDB document can have 16 MiB, and contains the
 * usernames twice.
 */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/**
 * Returns the reason why no store can hold a message, or undefined if a store can. A message that no store can hold
 * would make its whole batch fail. Or the store would change its text, and then a retry couldn't be recognized.
 */
export function rejectionReason(message: LogMessage): string | undefined {
  const { id, from, to, content, meta = "", ref = "" } = message;
  if (!isId(id)) return "its id isn't a log position";
  return textRejection([from, to, content, meta, ref]);
}

/** Returns the reason why no store can hold texts of one message or change, or undefined if a store can. */
export function textRejection(texts: readonly string[]): string | undefined {
  if (!texts.every((text) => text.isWellFormed())) return "its text isn't well-formed Unicode";
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > MAX_MESSAGE_BYTES) return `it is larger than ${MAX_MESSAGE_BYTES} bytes`;
  return undefined;
}

/**
 * Returns the outcome of a message that wasn't inserted because its id or its ref is taken (L13). `storedById` and
 * `storedByRef` are the messages stored under that id and that ref. Returns undefined if there is neither. Both may be
 * read after the insert, because a stored message stays, even if its content is deleted, and its id, ref and digest never
 * change. Contents are compared as they were first stored (L29): otherwise a message that was edited since would come back
 * as a conflict and be stored twice.
 */
export function outcomeOf(
  message: LogMessage,
  storedById: StoredMessage | undefined,
  storedByRef: StoredMessage | undefined,
): InsertOutcome | undefined {
  if (storedById && isSame(message, storedById, storedByRef)) return { kind: "stored" };
  if (storedByRef) {
    const kind = isSameContent(storedByRef, message) ? "duplicateOf" : "refReused";
    return { kind, id: storedByRef.id };
  }
  return storedById && { kind: "idConflict" };
}

/**
 * Tells if `stored` is the same message as `message`. If `stored` has no ref, this depends on the ref of `message`:
 *
 * - The ref is stored with different content: the same message, whose ref was removed before it was stored (L13).
 * - The ref is free: a different message that has the same content.
 */
function isSame(message: LogMessage, stored: StoredMessage, storedByRef: StoredMessage | undefined): boolean {
  const { from, to, ref } = message;
  if (stored.from !== from || stored.to !== to || !isSameContent(stored, message)) return false;
  if (stored.ref === ref) return true;
  return stored.ref === undefined && storedByRef !== undefined && !isSameContent(storedByRef, message);
}

/** Returns the aliases that a batch makes: those of its duplicates. */
export function aliasesOf(messages: readonly LogMessage[], outcomes: readonly InsertOutcome[]): Alias[] {
  return messages.flatMap(({ id }, index) => {
    const outcome = outcomes[index];
    return outcome?.kind === "duplicateOf" ? [{ id, of: outcome.id }] : [];
  });
}

/** Counts outcomes for the `insert` event. */
export function insertEvent(outcomes: readonly InsertOutcome[], ms: number): StoreEvent {
  const count = (kind: InsertOutcome["kind"]) => outcomes.filter((outcome) => outcome.kind === kind).length;
  return {
    type: "insert",
    messages: outcomes.length,
    stored: count("stored"),
    duplicates: count("duplicateOf"),
    refsReused: count("refReused"),
    idConflicts: count("idConflict"),
    failed: count("failed"),
    ms,
  };
}
