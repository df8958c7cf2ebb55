import { isId, type LogMessage } from "@parley/models";
import type { StoreEvent } from "./events.ts";
import type { InsertOutcome } from "./store.ts";

/** Maximum size of a message's fields, in bytes of UTF-8. A MongoDB document holds 16 MiB and has the names twice. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/**
 * Returns the reason no store can hold a message, or undefined. Such a message would fail its whole batch, or would
 * come back changed, so that a retry couldn't be recognized.
 */
export function rejectionReason({ id, from, to, content, ref = "" }: LogMessage): string | undefined {
  if (!isId(id)) return "its id isn't a log position";
  const fields = [from, to, content, ref];
  if (!fields.every((field) => field.isWellFormed())) return "its text isn't well-formed Unicode";
  const bytes = fields.reduce((sum, field) => sum + Buffer.byteLength(field), 0);
  if (bytes > MAX_MESSAGE_BYTES) return `it is larger than ${MAX_MESSAGE_BYTES} bytes`;
  return undefined;
}

/**
 * Returns the outcome of a message that wasn't inserted because its id or its ref is taken (L13), given the messages
 * stored under each. Undefined if nothing is. The two may be read after the insert, since stored messages never
 * change and are never deleted.
 */
export function outcomeOf(
  message: LogMessage,
  storedById: LogMessage | undefined,
  storedByRef: LogMessage | undefined,
): InsertOutcome | undefined {
  if (storedById && isSame(message, storedById, storedByRef)) return { kind: "stored" };
  if (storedByRef) {
    const kind = storedByRef.content === message.content ? "duplicateOf" : "refReused";
    return { kind, id: storedByRef.id };
  }
  return storedById && { kind: "idConflict" };
}

/**
 * Tells if the stored message is the same. A stored message without a ref is also the same if the ref belongs to
 * different content: then the ref was removed before storing (L13). If the ref is free, a stored message without a
 * ref is another message with the same content.
 */
function isSame(message: LogMessage, stored: LogMessage, storedByRef: LogMessage | undefined): boolean {
  const { from, to, content, ref } = message;
  if (stored.from !== from || stored.to !== to || stored.content !== content) return false;
  if (stored.ref === ref) return true;
  return stored.ref === undefined && storedByRef !== undefined && storedByRef.content !== content;
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
