import { idAfter, type LogMessage, type StoredMessage } from "@parley/models";
import { firstFitting, isFull } from "@parley/store";
import type { Merge } from "./merge.ts";
import type { RangeQuery } from "./range.ts";

/**
 * The reads that produce one answer, in the order that merge.ts requires. The snapshot of the tail is taken before
 * them.
 */
export interface MergeSource {
  /** Reads the store (step 3). */
  stored(range: RangeQuery): Promise<readonly StoredMessage[]>;
  /** Selects from the snapshot of the tail (step 2). */
  pending(range: RangeQuery): readonly LogMessage[];
  /** Finds the stored messages that have the refs of these messages (step 4). */
  findByRef(messages: readonly LogMessage[]): Promise<readonly StoredMessage[]>;
  readonly merge: Merge;
  /** Returns the merged messages as they are now (L30). */
  present(messages: readonly StoredMessage[]): Promise<readonly StoredMessage[]>;
}

export interface Page {
  readonly messages: readonly StoredMessage[];
  /** The exclusive bound of the next page in the direction of reading. Undefined if there is no next page. */
  readonly next: string | undefined;
}

/**
 * Reads one page from the store and the tail.
 *
 * The store and the tail are each asked for one message more than the limit, to find out if there are more. A full
 * result tells nothing about ids beyond its last message. So the page ends at the full result that ends first.
 */
export async function readMergedPage(source: MergeSource, range: RangeQuery): Promise<Page> {
  const oneMore = { ...range, limit: range.limit + 1 };
  const stored = await source.stored(oneMore);
  const pending = source.pending(withinReachOf(stored, oneMore));
  const bound = nearestEnd([stored, pending], oneMore);
  const merged = await source.present(
    await mergeWithRefs(source, cutAt(bound, stored, range.newest), cutAt(bound, pending, range.newest)),
  );
  const messages = range.newest
    ? firstFitting(merged.toReversed(), range).reverse()
    : firstFitting(merged, range);
  if (messages.length === merged.length) return { messages, next: bound };
  return { messages, next: messages.at(range.newest ? 0 : -1)?.id };
}

async function mergeWithRefs(
  { merge, findByRef }: MergeSource,
  stored: readonly StoredMessage[],
  pending: readonly LogMessage[],
): Promise<StoredMessage[]> {
  const unresolved = merge.unresolved(stored, pending);
  const holders = unresolved.length > 0 ? await findByRef(unresolved) : [];
  return merge.merge(stored, pending, holders);
}

/** If the store's result is full, the tail doesn't have to be searched beyond the result's last id. */
function withinReachOf(stored: readonly LogMessage[], range: RangeQuery): RangeQuery {
  const last = isFull(stored, range) && !range.newest ? stored.at(-1) : undefined;
  return last ? { ...range, before: idAfter(last.id) } : range;
}

/** The last id that both lists cover, in the direction of reading. Undefined if both lists are complete. */
function nearestEnd(lists: readonly (readonly LogMessage[])[], range: RangeQuery): string | undefined {
  const { newest } = range;
  const ends = lists
    .filter((list) => isFull(list, range))
    .map((list) => list.at(newest ? 0 : -1)?.id ?? "")
    .sort();
  return newest ? ends.at(-1) : ends[0];
}

function cutAt<Item extends LogMessage>(
  bound: string | undefined,
  list: readonly Item[],
  newest: boolean,
): readonly Item[] {
  if (bound === undefined) return list;
  return list.filter(({ id }) => (newest ? id >= bound : id <= bound));
}
