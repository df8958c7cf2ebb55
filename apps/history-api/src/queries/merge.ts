import { isSameContent, type LogMessage, laterOf, refKey, type StoredMessage } from "@parley/models";
import type { TailRefs } from "../log-tail/tail-refs.ts";

/**
 * Merges messages from the store with pending messages from the tail of the log into one answer.
 *
 * The promise (P56, L19): an answer is the log's prefix up to one position F. It holds every message of its
 * conversation up to F, and none after F. A client that continues from the last id of an answer then misses nothing.
 * Messages are merged by id, never concatenated: 12 may be stored while another persister still has 11 pending.
 *
 * The order of the reads makes the promise true. history.ts reads in four steps:
 *
 * 1. Read the log's end E after the request has arrived, and follow the log up to E. So every message that was
 *    acknowledged before the request is at or before E.
 * 2. Take a snapshot of the tail. Its position is F, and F ≥ E. The tail begins at a watermark, and only messages at
 *    or before a watermark are dropped from it. So a message up to F that isn't in the snapshot has been stored by
 *    now.
 * 3. Only then read the store, up to F. So a message up to F that isn't in the snapshot is in this result. A message
 *    that was stored between steps 2 and 3 is in both; equal ids are one message.
 * 4. Look up the refs of the messages that are still pending, because a ref stands for one message (G2). An answer may be
 *    remembered from an earlier lookup, as long as a new one would give the same (tail-refs.ts):
 *    - Same ref, same content, stored under another id or earlier in the tail: the pending message is left out. The
 *      store will answer `duplicateOf` when a persister inserts it.
 *    - Same ref, other content: the pending message is shown. It will be stored without its ref (L13).
 *
 *    Contents are compared as they were when the messages were first kept (L29).
 *
 * Other orders lose messages:
 *
 * - Store before tail (3 before 2): a message is pending while the store is read. Before the snapshot is taken, the
 *   message is stored and dropped from the tail. It is in neither result.
 * - End before request (an E that was read earlier, for another request): a message that is appended and acknowledged
 *   before this request arrives may be after F, and is left out.
 *
 * Both reads of the store are bounded by F, because messages after F may have been stored after the snapshot:
 *
 * - Step 3: otherwise an answer could hold 14 without 13, and a cursor taken from it would skip 13 for ever (L19).
 * - Step 4: otherwise a pending message could be left out in favour of a duplicate after F. Neither would be shown.
 *
 * The bound hides no messages of an earlier log. If the log was lost, the new log starts above the store's greatest id
 * (L1). So F is at or after every message that the store has from the old log. While there is no log, its end can't be
 * read and the request fails.
 *
 * An answer in several parts uses one Merge for all parts. An earlier part may have shown a pending message whose
 * duplicate, stored under another id, is found in a later part. Merge remembers which pending messages it has shown,
 * and leaves the duplicate out.
 */
export class Merge {
  readonly #position: string;
  readonly #refs: RefsOfTail;
  /** The pending messages that were shown, by ref key. */
  readonly #shown = new Map<string, LogMessage>();

  /** `position` is F. */
  constructor(position: string, refs: RefsOfTail) {
    this.#position = position;
    this.#refs = refs;
  }

  /** The pending messages to look up in step 4: those with a ref that step 3 didn't find by their id. */
  unresolved(stored: readonly LogMessage[], pending: readonly LogMessage[]): LogMessage[] {
    if (pending.length === 0) return [];
    const ids = new Set(stored.map((message) => message.id));
    return pending.filter((message) => message.ref !== undefined && !ids.has(message.id));
  }

  /** Merges the results of steps 2 to 4, all of them in id order. `holders` is the result of step 4. */
  merge(
    stored: readonly StoredMessage[],
    pending: readonly LogMessage[],
    holders: readonly StoredMessage[],
  ): StoredMessage[] {
    if (pending.length === 0 && this.#shown.size === 0) return this.withAliases(stored);
    const holdersByRef = new Map(
      holders.filter((message) => message.id <= this.#position).map((message) => [refKey(message), message]),
    );
    const merged: StoredMessage[] = [];
    for (const { message, isStored } of inIdOrder(stored, pending)) {
      if (!isStored && this.#isDuplicate(message, holdersByRef)) continue;
      // A pending message whose ref is stored with other content loses its ref, and so do those that repeat it.
      const losesRef = !isStored && (holdersByRef.get(refKey(message)) ?? message).id !== message.id;
      if (losesRef) merged.push(withoutRef(message));
      else if (!this.#wasShown(message, isStored)) merged.push(this.#withAlias(message));
    }
    return merged;
  }

  /** Names the later ids of stored messages (P58). */
  withAliases(stored: readonly StoredMessage[]): StoredMessage[] {
    return stored.map((message) => this.#withAlias(message));
  }

  /**
   * Names the id of a later message of the tail that repeats this one. That id was acknowledged, and the later message is
   * left out (P58). Once a persister has settled it, the store names it.
   */
  #withAlias(message: StoredMessage): StoredMessage {
    const key = refKey(message);
    const last = key === undefined ? undefined : this.#refs.last(key);
    if (last === undefined || last.id === message.id || last.id > this.#position) return message;
    return isSameContent(message, last)
      ? { ...message, also: laterOf(message.also ?? "", last.id) }
      : message;
  }

  /** True if the store holds, or will hold, this pending message under the id of another message. */
  #isDuplicate(message: LogMessage, holdersByRef: ReadonlyMap<string | undefined, StoredMessage>): boolean {
    const key = refKey(message);
    if (key === undefined) return false;
    const holder = holdersByRef.get(key) ?? this.#refs.first(key);
    if (holder === undefined || holder.id === message.id || !isSameContent(holder, message)) return false;
    // A stored holder makes this message a duplicate, whatever the order of the two. A holder in the tail only does so
    // if it comes before this message.
    return holdersByRef.has(key) || holder.id < message.id;
  }

  /** True if an earlier part showed this message under another id. Remembers a pending message that is shown now. */
  #wasShown(message: StoredMessage, isStored: boolean): boolean {
    const key = refKey(message);
    if (key === undefined) return false;
    const shown = this.#shown.get(key);
    if (shown !== undefined) return shown.id !== message.id && isSameContent(shown, message);
    if (!isStored) this.#shown.set(key, message);
    return false;
  }
}

function withoutRef({ ref: _, ...message }: StoredMessage): StoredMessage {
  return message;
}

/** Finds the first and the last message of the tail with a ref key. */
type RefsOfTail = Pick<TailRefs, "first" | "last">;

interface MergeEntry {
  readonly message: StoredMessage;
  readonly isStored: boolean;
}

/** Merges two lists in id order. If both have the same id, yields the stored message only. */
function* inIdOrder(stored: readonly StoredMessage[], pending: readonly LogMessage[]): Generator<MergeEntry> {
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
