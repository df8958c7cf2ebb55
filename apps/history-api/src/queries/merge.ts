import { type LogMessage, refKey } from "@parley/models";

/**
 * How an answer is put together (L19, P56). It is the log's prefix up to one position F: everything of it, nothing
 * beyond. Then a client that goes on from the last id it got never misses a message, although stored and pending
 * ones lie mixed: 12 may be stored while 11 is with another persister.
 *
 * The order of the reads is the guarantee; see history.ts, which does them:
 *
 * 1. The log's end E is read after the request came, and followed to. So everything acknowledged before is at or
 *    before E.
 * 2. The tail's snapshot is taken, with its position F ≥ E. What is at or before F and not in the snapshot was stored
 *    before this moment: the tail begins at a watermark and lets go only of what is behind one.
 * 3. Only then the store is read. So what is not in the snapshot is in the store's answer, and what was stored in
 *    between is in both: equal ids are one message. Read the other way round, a message that is stored and leaves
 *    the tail between the two reads would be in neither.
 * 4. What the store has under the refs of those still pending is read last of all. A ref is one message (G2), so a
 *    pending one is left out where the same ref and content is stored under another id, or stands earlier in the
 *    tail: the store will answer `duplicateOf` for it. With another content it will be stored without its ref
 *    (L13), and is shown.
 *
 * The store's answers are bounded by F, and so is step 4: a message that is left out in favour of one after F would
 * be in no answer. F is never behind what the store holds and this log knows, since a log that is made anew starts
 * above the store's greatest id (L1); while there is no log its end cannot be read, and nothing is answered.
 *
 * An answer in several parts uses one Merge: a message shown as pending in an earlier part can be a duplicate that
 * the store answers in a later one.
 */
export class Merge {
  readonly #position: string;
  readonly #firstWithRef: (key: string) => LogMessage | undefined;
  readonly #shown = new Map<string, LogMessage>();

  /** `position` is F, `firstWithRef` finds the first message of the tail with a ref key. */
  constructor(position: string, firstWithRef: (key: string) => LogMessage | undefined) {
    this.#position = position;
    this.#firstWithRef = firstWithRef;
  }

  /** The pending messages that step 4 has to ask for: those that have a ref and that the store did not answer. */
  unresolved(stored: readonly LogMessage[], pending: readonly LogMessage[]): LogMessage[] {
    if (pending.length === 0) return [];
    const ids = new Set(stored.map((message) => message.id));
    return pending.filter((message) => message.ref !== undefined && !ids.has(message.id));
  }

  /** All three in id order; `held` is what step 4 found. */
  merge(
    stored: readonly LogMessage[],
    pending: readonly LogMessage[],
    held: readonly LogMessage[],
  ): LogMessage[] {
    if (pending.length === 0 && this.#shown.size === 0) return [...stored];
    const holders = new Map(
      held.filter((message) => message.id <= this.#position).map((message) => [refKey(message), message]),
    );
    const merged: LogMessage[] = [];
    for (const { message, isStored } of inOrder(stored, pending)) {
      if (!isStored && this.#isDuplicate(message, holders)) continue;
      if (!this.#wasShown(message, isStored)) merged.push(message);
    }
    return merged;
  }

  /** Whether the store has, or will have, this pending message under another one's id. */
  #isDuplicate(message: LogMessage, holders: ReadonlyMap<string | undefined, LogMessage>): boolean {
    const key = refKey(message);
    if (key === undefined) return false;
    const holder = holders.get(key) ?? this.#firstWithRef(key);
    return holder !== undefined && holder.id !== message.id && isBefore(holder, message, holders.has(key));
  }

  #wasShown(message: LogMessage, isStored: boolean): boolean {
    const key = refKey(message);
    if (key === undefined) return false;
    const shown = this.#shown.get(key);
    if (shown !== undefined) return shown.id !== message.id && shown.content === message.content;
    if (!isStored) this.#shown.set(key, message);
    return false;
  }
}

/** A stored holder decides wherever it stands, one in the tail only over what comes after it. */
function isBefore(holder: LogMessage, message: LogMessage, isStored: boolean): boolean {
  return (isStored || holder.id < message.id) && holder.content === message.content;
}

interface Placed {
  readonly message: LogMessage;
  readonly isStored: boolean;
}

/** Two lists in id order as one; of equal ids the stored one. */
function* inOrder(stored: readonly LogMessage[], pending: readonly LogMessage[]): Generator<Placed> {
  let next = 0;
  for (const message of stored) {
    for (let other = pending[next]; other && other.id <= message.id; other = pending[next]) {
      if (other.id < message.id) yield { message: other, isStored: false };
      next += 1;
    }
    yield { message, isStored: true };
  }
  for (const message of pending.slice(next)) yield { message, isStored: false };
}
