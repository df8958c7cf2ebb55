import {
  changeDigest,
  encodeChange,
  hasEffectOn,
  isId,
  isTargetOf,
  type LogChange,
  type StoredMessage,
} from "@parley/models";
import type { ChangeOutcome, StoredChange } from "./change.ts";
import type { StoreEvent } from "./events.ts";
import { textRejection } from "./outcome.ts";

/** Another change has the id of this one. It is of a log that was lost, or this one is (L3). */
export const ID_TAKEN: ChangeOutcome = { kind: "orphan", reason: "another change has its id" };

/** Returns the reason why no store can hold a change, or undefined if a store can. */
export function changeRejection(change: LogChange): string | undefined {
  if (!isId(change.change) || !isId(change.id)) return "its id isn't a log position";
  if (change.change <= change.id) return "its id isn't above that of its message";
  const { from, to, ref = "" } = change;
  if (change.kind === "delete") return textRejection([from, to, change.by ?? "", ref]);
  return textRejection([from, to, change.content, change.meta ?? "", ref]);
}

/** Returns what a store keeps of a change. */
export function storedChangeOf(change: LogChange): StoredChange {
  const { kind, from, to, id, digest, ref } = change;
  const by = change.kind === "delete" ? change.by : undefined;
  return {
    ...{ change: change.change, kind, from, to, id, digest },
    ...(by !== undefined && { by }),
    ...(ref !== undefined && { ref }),
    ownDigest: changeDigest(kind, encodeChange(change)),
  };
}

/**
 * Returns the outcome of a change, given the message that is stored under the id that the change names. Returns undefined
 * if the change must still be applied to that message.
 *
 * The message must be read after an attempt to apply the change, and the watermark before it. Otherwise a message that is
 * inserted between the two would be taken for one that will never exist (L28).
 */
export function changeOutcome(
  change: LogChange,
  message: StoredMessage | undefined,
  watermark: string,
): ChangeOutcome | undefined {
  if (!message)
    return watermark >= change.id
      ? { kind: "orphan", reason: "its message doesn't exist" }
      : { kind: "notYet" };
  if (!isTargetOf(change, message)) return { kind: "orphan", reason: "its id is another message's" };
  return hasEffectOn(change, message) ? undefined : { kind: "stored" };
}

/** Counts outcomes for the `change` event. */
export function changeEvent(outcomes: readonly ChangeOutcome[], ms: number): StoreEvent {
  const count = (kind: ChangeOutcome["kind"]) => outcomes.filter((outcome) => outcome.kind === kind).length;
  return {
    type: "change",
    changes: outcomes.length,
    stored: count("stored"),
    orphans: count("orphan"),
    notYet: count("notYet"),
    failed: count("failed"),
    ms,
  };
}

/** Tells if two stored changes are the same one: delivered again, or stored by another process. */
export function isSameChange(a: StoredChange, b: StoredChange): boolean {
  return a.ownDigest === b.ownDigest && a.ref === b.ref;
}
