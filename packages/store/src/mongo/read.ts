import { conversationOf, type LogMessage, refKey, type StoredMessage } from "@parley/models";
import type { Collection, Filter } from "mongodb";
import { firstFitting, isFull, type PageSize } from "../page-size.ts";
import type { PageOptions, Range } from "../store.ts";
import type { TimeLimit } from "./deadline.ts";
import { addedFields, keyOf, type MessageDocument, messageOf } from "./document.ts";
import { BY_CONVERSATION, BY_ID, BY_RECIPIENT, BY_SENDER } from "./indexes.ts";
import { inIdOrder, type RangeDatabase } from "./ranges/read-range.ts";
import type { RefField } from "./unique-refs.ts";

type Messages = Collection<MessageDocument>;

/** Maximum number of ids or refs in a query. */
const CHUNK_SIZE = 500;
/** Conversations in which refs are looked up at the same time. */
const CONVERSATIONS_AT_ONCE = 8;

/** Reads a page of a conversation. */
export async function readPage(
  db: RangeDatabase,
  conversation: string,
  { newest, ...range }: Omit<PageOptions, "signal">,
  timeLimit: TimeLimit,
): Promise<StoredMessage[]> {
  const direction = newest ? -1 : 1;
  const page = await inIdOrder(db, { conversation }, BY_CONVERSATION, { ...range, direction }, timeLimit);
  const messages = range.withoutContent ? await withDigests(db.messages, page, timeLimit) : page;
  return newest ? messages.reverse() : messages;
}

/** Adds the digests that documents of earlier versions lack. Reads the contents of these alone. */
async function withDigests(
  collection: Messages,
  messages: StoredMessage[],
  timeLimit: TimeLimit,
): Promise<StoredMessage[]> {
  const ids = messages.filter(({ digest }) => digest === undefined).map(({ id }) => id);
  if (ids.length === 0) return messages;
  const whole = await readByIds(collection, ids, timeLimit);
  return messages.map((message) => {
    const { digest } = addedFields(whole.get(message.id) ?? message);
    return { ...message, digest };
  });
}

/**
 * Reads the messages that a user may see with three concurrent queries, each on one index from the range's lower end.
 * The server reads at most `limit` messages for each, however long the user's history is. A single query with `$or`
 * could make the server's planner scan all users' ids.
 *
 * If the result of a query is full, the combined result ends with it (`mergeParts`).
 */
export async function readVisible(
  db: RangeDatabase,
  user: string,
  range: Range & PageSize,
  timeLimit: TimeLimit,
): Promise<StoredMessage[]> {
  const query = { ...range, direction: 1 } as const;
  const parts = await Promise.all([
    inIdOrder(db, { to: "" }, BY_RECIPIENT, query, timeLimit),
    inIdOrder(db, { to: user }, BY_RECIPIENT, query, timeLimit),
    inIdOrder(db, { from: user }, BY_SENDER, query, timeLimit),
  ]);
  const covered = mergeParts(
    parts,
    ({ id }) => id,
    (part) => isFull(part, range),
  );
  return firstFitting(covered, range);
}

/** Reads the messages of all conversations. */
export function readFeed(
  db: RangeDatabase,
  range: Range & PageSize,
  timeLimit: TimeLimit,
): Promise<StoredMessage[]> {
  return inIdOrder(db, {}, BY_ID, { ...range, direction: 1 }, timeLimit);
}

/**
 * Merges the results of queries in the order of ids, each item once. Leaves out items beyond the last one of a full
 * result, because that query may have more items before them.
 */
export function mergeParts<Item>(
  parts: readonly (readonly Item[])[],
  idOf: (item: Item) => string,
  isFullPart: (part: readonly Item[]) => boolean,
): Item[] {
  const ends = parts.filter(isFullPart).flatMap((part) => part.slice(-1).map(idOf));
  const [end = "~"] = ends.sort();
  const byId = new Map(parts.flat().map((item) => [idOf(item), item]));
  const covered = [...byId].filter(([id]) => id <= end);
  return covered.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

/** Reads the greatest id of a collection. */
export async function readLastId<Document extends { readonly _id: string }>(
  collection: Collection<Document>,
  timeLimit: TimeLimit,
): Promise<string | undefined> {
  // `local` includes messages that aren't on a majority yet: a new log must start above these too (L1).
  const options = { ...timeLimit, sort: { _id: -1 }, projection: { _id: 1 }, readConcern: "local" } as const;
  return (await collection.findOne<{ readonly _id: string }>({}, options))?._id;
}

/** Reads messages by id. */
export async function readByIds(
  collection: Messages,
  ids: readonly string[],
  timeLimit: TimeLimit,
): Promise<Map<string, StoredMessage>> {
  const found = await inChunks(collection, ids, (chunk) => ({ _id: { $in: chunk } }), timeLimit);
  return new Map(found.map((message) => [message.id, message]));
}

/** Reads, for each given message, the stored message with the same ref. The result is keyed by `refKey`. */
export async function readByRefs(
  collection: Messages,
  refField: RefField,
  messages: readonly LogMessage[],
  timeLimit: TimeLimit,
): Promise<Map<string, StoredMessage>> {
  const withRef = messages.filter(({ ref }) => ref !== undefined);
  if (withRef.length === 0) return new Map();
  const field = await refField.current(collection);
  const keysIn = (chunk: LogMessage[]) => ({ key: { $in: [...new Set(chunk.map(keyOf))] } });
  const found =
    field === "key"
      ? await inChunks(collection, withRef, keysIn, timeLimit)
      : await readByRefFields(collection, withRef, timeLimit);
  const keys = new Set(withRef.map(refKey));
  const byRef = found.map((message) => [refKey(message) ?? "", message] as const);
  return new Map(byRef.filter(([key]) => keys.has(key)));
}

/**
 * Looks refs up as in format 1. There is one query for each conversation, because a server that has no use for the
 * partial index can then use the one on conversations. For a query over several conversations, such a server would read
 * the whole collection.
 */
async function readByRefFields(
  collection: Messages,
  messages: readonly LogMessage[],
  timeLimit: TimeLimit,
): Promise<StoredMessage[]> {
  const groups = [...Map.groupBy(messages, ({ from, to }) => conversationOf(from, to))];
  const found: StoredMessage[] = [];
  for (let at = 0; at < groups.length; at += CONVERSATIONS_AT_ONCE) {
    const reads = groups.slice(at, at + CONVERSATIONS_AT_ONCE).map(([conversation, group]) => {
      const filterOf = (chunk: LogMessage[]) => refsIn(conversation, chunk);
      return inChunks(collection, group, filterOf, timeLimit);
    });
    found.push(...(await Promise.all(reads)).flat());
  }
  return found;
}

/** Builds a filter that also matches messages of one sender with a ref of another. Both users share a conversation. */
function refsIn(conversation: string, messages: readonly LogMessage[]): Filter<MessageDocument> {
  const from = [...new Set(messages.map((message) => message.from))];
  const ref = [...new Set(messages.flatMap((message) => message.ref ?? []))];
  return { conversation, from: { $in: from }, ref: { $in: ref } };
}

async function inChunks<T>(
  collection: Messages,
  items: readonly T[],
  filterOf: (chunk: T[]) => Filter<MessageDocument>,
  timeLimit: TimeLimit,
): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  for (let from = 0; from < items.length; from += CHUNK_SIZE) {
    const chunk = items.slice(from, from + CHUNK_SIZE);
    const options = { ...timeLimit, batchSize: CHUNK_SIZE };
    found.push(...(await collection.find(filterOf(chunk), options).map(messageOf).toArray()));
  }
  return found;
}
