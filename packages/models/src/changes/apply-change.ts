import { contentDigest } from "../digest.ts";
import type { StoredMessage } from "../message.ts";
import type { ChangeDraft, LogChange } from "./changes.ts";

/**
 * The effect of changes on a message (P76). It is the same in any order, because several persisters store them in any
 * order, and each may come twice:
 *
 * - Of several edits the one with the greatest id counts. An edit has the whole content and `meta`.
 * - After the first delete, by id, nothing counts. So a delete takes the place of an edit with a greater id, and of a
 *   delete with a greater id.
 */

/** Tells if a change is for this message: the same sender, recipient and first content (L28). The id isn't compared. */
export function isTargetOf(
  { from, to, digest }: Pick<ChangeDraft, "from" | "to" | "digest">,
  message: StoredMessage,
): boolean {
  return message.from === from && message.to === to && (message.digest ?? contentDigest(message)) === digest;
}

/** Tells if a change still has an effect. It has none if it was applied before, or if another change counts instead. */
export function hasEffectOn(change: Pick<LogChange, "kind" | "change">, message: StoredMessage): boolean {
  const { change: last = "", deleted } = message;
  if (change.kind === "delete") return !deleted || last > change.change;
  return !deleted && last < change.change;
}

/**
 * Returns the message after the change, or the message itself if the change has no effect. Keeps the digest of what the
 * message first was (L29), and its ref. The caller has checked `isTargetOf`.
 */
export function applyChange(message: StoredMessage, change: LogChange): StoredMessage {
  if (!hasEffectOn(change, message)) return message;
  const { meta: _, deleted: __, ...kept } = message;
  const changed = { ...kept, digest: change.digest, change: change.change };
  if (change.kind === "delete") return { ...changed, content: "", deleted: true };
  const { content, meta } = change;
  return { ...changed, content, ...(meta !== undefined && { meta }) };
}
