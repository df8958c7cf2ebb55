import { type LogMessage, laterOf, refKey, type StoredMessage } from "@parley/models";
import type { Store } from "@parley/store";
import type { Deadline } from "../limits/deadline.ts";
import type { TailSnapshot } from "../log-tail/log-follower.ts";
import { Merge } from "./merge.ts";
import { messageIn, PresentContent } from "./present-content.ts";
import type { RefLookup } from "./ref-lookup.ts";

export interface ReadByIdsDeps {
  readonly store: Pick<Store, "findByIds">;
  readonly refLookup: RefLookup;
  /** The tail of all conversations. */
  readonly tail: TailSnapshot;
  readonly deadline: Deadline;
}

/**
 * Reads the messages with these ids, or those for which the ids stand (P58, P59), as they are now (L30). The ids are at or
 * before the tail's position. The result is keyed by them.
 *
 * The store is read after the snapshot: a message up to its position that isn't in it has been stored by then (merge.ts).
 */
export async function readByIds(
  ids: readonly string[],
  deps: ReadByIdsDeps,
): Promise<ReadonlyMap<string, StoredMessage>> {
  const { tail, store, deadline } = deps;
  const merge = new Merge(tail.position, tail.refs);
  const stored = await deadline.during("store", (signal) => store.findByIds(ids, { signal }));
  const found = new Map<string, StoredMessage>();
  for (const [id, message] of stored) for (const shown of merge.withAliases([message])) found.set(id, shown);
  const pending = ids.flatMap((id) => (found.has(id) ? [] : (messageIn(tail.pending, id) ?? [])));
  if (pending.length > 0)
    for (const [id, message] of await readPending(pending, merge, deps)) found.set(id, message);
  const presentContent = new PresentContent({ ...deps, tails: [tail] });
  const present = await presentContent.of([...found.values()]);
  return new Map([...found.keys()].flatMap((id, index) => (present[index] ? [[id, present[index]]] : [])));
}

/** Returns the messages that history shows for these pending ones: themselves, or those that they repeat. */
async function readPending(
  pending: readonly LogMessage[],
  merge: Merge,
  { tail, store, refLookup, deadline }: ReadByIdsDeps,
): Promise<ReadonlyMap<string, StoredMessage>> {
  const holders = await refLookup.findWithin(deadline, pending, tail.refs);
  const inOrder = [...pending].sort((a, b) => (a.id < b.id ? -1 : 1));
  const found = new Map(merge.merge([], inOrder, holders).map((message) => [message.id, message]));
  const holdersByRef = new Map(holders.map((holder) => [refKey(holder), holder.id]));
  const repeated = pending.filter(({ id }) => !found.has(id));
  const firstIds = repeated.flatMap((message) => holdersByRef.get(refKey(message)) ?? []);
  // What is remembered about a ref may be older than the last change of its message.
  const firsts =
    firstIds.length > 0
      ? await deadline.during("store", (signal) => store.findByIds(firstIds, { signal }))
      : new Map<string, StoredMessage>();
  for (const message of repeated) {
    const key = refKey(message) ?? "";
    const first: StoredMessage | undefined = firsts.get(holdersByRef.get(key) ?? "") ?? tail.refs.first(key);
    if (first) found.set(message.id, { ...first, also: laterOf(first.also ?? "", message.id) });
  }
  return found;
}
