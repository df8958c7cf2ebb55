import { isTargetOf, refKey, type StoredMessage } from "@parley/models";
import type { Filter } from "mongodb";
import type { ChangedMessage, ChangeRef, ChangesOf, StoredChange } from "../../change.ts";
import { PageCollector, type PageSize } from "../../page-size.ts";
import type { Range } from "../../store.ts";
import { readByAnyIds } from "../aliases.ts";
import type { Connection } from "../connection.ts";
import type { TimeLimit } from "../deadline.ts";
import { BY_CONVERSATION, BY_ID, BY_RECIPIENT, BY_SENDER, type ReadIndex } from "../indexes.ts";
import { idsWithin } from "../ranges/landmarks.ts";
import { mergeParts } from "../read.ts";
import { type ChangeDocument, changeOf } from "./document.ts";

/** Changes whose messages are read together. The page may end within them, so this bounds what is read in vain. */
const CHANGES_PER_READ = 100;

/**
 * Reads changes, and then their messages until the page is full. A change whose message isn't found, or is another one,
 * takes no place in the page.
 */
export async function readChanges(
  db: Connection,
  of: ChangesOf,
  { after, before, ...size }: Range & PageSize,
  timeLimit: TimeLimit,
): Promise<ChangedMessage[]> {
  const page = new PageCollector<StoredMessage>(size);
  const changed: ChangedMessage[] = [];
  const limit = Math.min(size.limit, CHANGES_PER_READ);
  for (let last = after; ; ) {
    const documents = await readDocuments(db, of, { after: last, before, limit }, timeLimit);
    for (const [change, message] of await withMessages(db, documents.map(changeOf), timeLimit)) {
      changed.push({ change, message });
      if (page.add(message)) return changed;
    }
    if (documents.length < limit) return changed;
    last = documents.at(-1)?._id;
  }
}

/** Reads the change with a ref: none or one. */
export async function readChange(
  { changes }: Connection,
  ref: ChangeRef,
  timeLimit: TimeLimit,
): Promise<StoredChange[]> {
  const key = refKey(ref) ?? "";
  return changes
    .find({ key }, { ...timeLimit, sort: { _id: 1 }, limit: 1 })
    .map(changeOf)
    .toArray();
}

/** Reads documents in the order of their ids, at most `limit`. */
async function readDocuments(
  db: Connection,
  of: ChangesOf,
  range: Range & { readonly limit: number },
  timeLimit: TimeLimit,
): Promise<ChangeDocument[]> {
  const read = (filter: Filter<ChangeDocument>, index: ReadIndex) => {
    const { limit } = range;
    const options = { ...timeLimit, ...db.hint(index), sort: { _id: 1 }, limit, batchSize: limit } as const;
    return db.changes.find({ ...filter, ...idsWithin(range) }, options).toArray();
  };
  if (of === "everyone") return read({}, BY_ID);
  if ("conversation" in of) return read({ conversation: of.conversation }, BY_CONVERSATION);
  if (!(await hasAny(db, range, timeLimit))) return [];
  const parts = await Promise.all([
    read({ to: "" }, BY_RECIPIENT),
    read({ to: of.user }, BY_RECIPIENT),
    read({ from: of.user }, BY_SENDER),
  ]);
  return mergeParts(
    parts,
    ({ _id }) => _id,
    (part) => part.length === range.limit,
  ).slice(0, range.limit);
}

/**
 * Tells if anybody's change has an id in a range, with one look at the ids. Most pages of `/sync` end here, because changes
 * are rare.
 *
 * A change that is stored after the look isn't missed: it was in the log when the caller took its snapshot of the tail, or
 * it is after the range (L30).
 */
async function hasAny({ changes }: Connection, range: Range, timeLimit: TimeLimit): Promise<boolean> {
  const options = { ...timeLimit, sort: { _id: 1 }, projection: { _id: 1 } } as const;
  return (await changes.findOne(idsWithin(range), options)) !== null;
}

/** Returns each change that has a message, with it. */
async function withMessages(
  db: Connection,
  changes: readonly StoredChange[],
  timeLimit: TimeLimit,
): Promise<(readonly [StoredChange, StoredMessage])[]> {
  const byId = await readByAnyIds(db, [...new Set(changes.map(({ id }) => id))], timeLimit);
  return changes.flatMap((change) => {
    const message = byId.get(change.id);
    return message && isTargetOf(change, message) ? [[change, message] as const] : [];
  });
}
