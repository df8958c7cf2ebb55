import { isId, type LogMessage } from "@parley/models";
import type { StoreEvent } from "./events.ts";
import type { Inserted } from "./store.ts";

/** Of all fields together, in bytes of UTF-8. A MongoDB document holds 16 MiB, and the names stand in it twice. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/**
 * Why no store can keep a message, or undefined. Such a one would stop the batch it comes in, or could never be
 * told to be the same as what is kept of it.
 */
export function refusalOf({ id, from, to, content, ref = "" }: LogMessage): string | undefined {
  if (!isId(id)) return "its id is no place in a log";
  const fields = [from, to, content, ref];
  if (!fields.every((field) => field.isWellFormed())) return "its text is not well-formed Unicode";
  const bytes = fields.reduce((sum, field) => sum + Buffer.byteLength(field), 0);
  if (bytes > MAX_MESSAGE_BYTES) return `it is larger than ${MAX_MESSAGE_BYTES} bytes`;
  return undefined;
}

/**
 * What became of a message that was not inserted because its id or its ref is taken (L13), from what is kept under
 * each; undefined where neither is. What is kept never changes and never goes, so this may be read afterwards.
 */
export function outcomeOf(
  message: LogMessage,
  keptById: LogMessage | undefined,
  keptByRef: LogMessage | undefined,
): Inserted | undefined {
  if (keptById && isSame(message, keptById, keptByRef)) return { kind: "stored" };
  if (keptByRef) {
    const kind = keptByRef.content === message.content ? "duplicateOf" : "refReused";
    return { kind, id: keptByRef.id };
  }
  return keptById && { kind: "idConflict" };
}

/**
 * The same message, or the same without its ref, which L13 takes from it where the ref stands for another content.
 * Where the ref is free, what has none is another message that happens to say the same.
 */
function isSame(message: LogMessage, kept: LogMessage, keptByRef: LogMessage | undefined): boolean {
  const { from, to, content, ref } = message;
  if (kept.from !== from || kept.to !== to || kept.content !== content) return false;
  if (kept.ref === ref) return true;
  return kept.ref === undefined && keptByRef !== undefined && keptByRef.content !== content;
}

export function insertEvent(outcomes: readonly Inserted[], ms: number): StoreEvent {
  const count = (kind: Inserted["kind"]) => outcomes.filter((outcome) => outcome.kind === kind).length;
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
