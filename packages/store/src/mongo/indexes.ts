import { type Collection, type IndexDescription, MongoServerError } from "mongodb";
import { StoreUnusable } from "../errors.ts";
import type { ChangeDocument } from "./changes/document.ts";
import type { Collections } from "./connection.ts";
import type { MarkDocument, MessageDocument } from "./document.ts";

type Messages = Collection<MessageDocument>;
type Changes = Collection<ChangeDocument>;
type Marks = Collection<MarkDocument>;

/**
 * The indexes for reads of a range. A read names its index as a hint, so if the index is missing, the read fails
 * instead of scanning the collection. `Connection.hint` describes the exception.
 */
export const BY_CONVERSATION = { conversation: 1, _id: 1 } as const;
export const BY_SENDER = { from: 1, _id: 1 } as const;
export const BY_RECIPIENT = { to: 1, _id: 1 } as const;
/** The index that every collection has. */
export const BY_ID = { _id: 1 } as const;
export type ReadIndex = typeof BY_CONVERSATION | typeof BY_SENDER | typeof BY_RECIPIENT | typeof BY_ID;
const READ_INDEXES: IndexDescription[] = [
  { key: BY_CONVERSATION },
  { key: BY_SENDER },
  { key: BY_RECIPIENT },
];

/**
 * Changes are read by the same ranges, and by their refs. The latter index isn't unique: the log and history-api keep refs
 * unique (L5), and a change of a log that was lost must not stop another one.
 */
const CHANGE_INDEXES: IndexDescription[] = [...READ_INDEXES, { key: { key: 1 } }];

/** Finds the greatest id: a new log starts above it (L1). Marks are read by `_id`. */
const BY_MARKED_ID = { id: 1 } as const;
const MARK_INDEXES: IndexDescription[] = [{ key: BY_MARKED_ID }];

/**
 * Format 2: the unique index on `key` (G2). It leaves out documents without the field, so a process of an earlier
 * version, which stores such documents, is never refused because of it.
 */
const BY_KEY: IndexDescription = { key: { key: 1 }, unique: true, sparse: true };
/** Format 1: the unique index of earlier versions. Several servers don't support partial indexes. */
const BY_REF: IndexDescription = {
  key: { conversation: 1, from: 1, ref: 1 },
  unique: true,
  partialFilterExpression: { ref: { $exists: true } },
};

const NAMESPACE_NOT_FOUND = 26;
const INDEX_NOT_FOUND = 27;

/** MongoDB's error codes for a collection that conflicts with the indexes, with a text for the operator. */
const CONFLICTS = new Map<unknown, string>([
  [67, "an index can't be created"],
  [85, "an index exists with different options"],
  [86, "an index exists with different keys"],
  [11000, "two messages have the same conversation, sender and ref"],
]);
/** Error codes of servers that don't know partial indexes. */
const NOT_SUPPORTED: readonly unknown[] = [67, 72, 115, 197, 238];

/** The unique indexes that a collection has. */
export interface UniqueIndexes {
  readonly key: boolean;
  readonly ref: boolean;
}

/**
 * Creates the indexes for reads, and with them the collection. Safe to call again, and by several processes at once, as
 * are all functions here. Throws StoreUnusable if the collection has conflicting indexes or documents.
 */
export function createReadIndexes(messages: Messages): Promise<void> {
  return create(messages, READ_INDEXES);
}

/** Creates the indexes of changes, and with them the collection: a read before that finds no changes and needs none. */
export function createChangeIndexes(changes: Changes): Promise<void> {
  return create(changes, CHANGE_INDEXES);
}

/** Creates the index of read marks, and with it the collection. */
export function createMarkIndexes(marks: Marks): Promise<void> {
  return create(marks, MARK_INDEXES);
}

export function createKeyIndex(messages: Messages): Promise<void> {
  return create(messages, [BY_KEY]);
}

/** Returns false if the server doesn't support partial indexes. */
export async function createRefIndex(messages: Messages): Promise<boolean> {
  try {
    await create(messages, [BY_REF], NOT_SUPPORTED);
    return true;
  } catch (error) {
    if (error instanceof MongoServerError && NOT_SUPPORTED.includes(error.code)) return false;
    throw error;
  }
}

export async function dropRefIndex(messages: Messages): Promise<void> {
  const found = (await indexesOf(messages)).find((index) => isSame(index, BY_REF));
  if (!found?.name) return;
  await messages.dropIndex(found.name).catch((error: unknown) => {
    if (!(error instanceof MongoServerError) || error.code !== INDEX_NOT_FOUND) throw error;
  });
}

export async function readUniqueIndexes(messages: Messages): Promise<UniqueIndexes> {
  const indexes = await indexesOf(messages);
  const has = (wanted: IndexDescription) => indexes.some((index) => isSame(index, wanted));
  return { key: has(BY_KEY), ref: has(BY_REF) };
}

/**
 * Returns the keys of the indexes that the collections lack: all of them if a collection doesn't exist. Those of changes
 * and marks have the collection's name before them.
 */
export async function missingIndexes({
  messages,
  changes,
  marks,
}: Pick<Collections, "messages" | "changes" | "marks">): Promise<string[]> {
  const { ref } = await readUniqueIndexes(messages);
  return [
    ...(await missingFrom(messages, [...READ_INDEXES, ref ? BY_REF : BY_KEY])),
    ...(await missingFrom(changes, CHANGE_INDEXES)).map((key) => `changes ${key}`),
    ...(await missingFrom(marks, MARK_INDEXES)).map((key) => `marks ${key}`),
  ];
}

async function missingFrom(
  collection: Messages | Changes | Marks,
  wanted: readonly IndexDescription[],
): Promise<string[]> {
  const existing = (await indexesOf(collection)).map(({ key }) => JSON.stringify(key));
  return wanted.map(({ key }) => JSON.stringify(key)).filter((key) => !existing.includes(key));
}

async function create(
  collection: Messages | Changes | Marks,
  indexes: IndexDescription[],
  rethrown: readonly unknown[] = [],
): Promise<void> {
  // Some servers fail if an index exists already.
  const existing = await indexesOf(collection);
  const missing = indexes.filter((wanted) => !existing.some((index) => isSame(index, wanted)));
  if (missing.length === 0) return;
  try {
    await collection.createIndexes(missing);
  } catch (error) {
    const code = error instanceof MongoServerError ? error.code : undefined;
    const problem = CONFLICTS.get(code);
    if (problem === undefined || rethrown.includes(code)) throw error;
    throw new StoreUnusable(
      `the collection ${collection.namespace} cannot be used: ${problem}. Resolve the conflict or set another database`,
    );
  }
}

async function indexesOf(collection: Messages | Changes | Marks) {
  return await collection.indexes().catch((error: unknown) => {
    if (error instanceof MongoServerError && error.code === NAMESPACE_NOT_FOUND) return [];
    throw error;
  });
}

/** Compares all options except `sparse`, which not every server reports. */
function isSame(existing: IndexDescription, wanted: IndexDescription): boolean {
  const optionsOf = ({ key, unique = false, partialFilterExpression }: IndexDescription) =>
    JSON.stringify([key, unique, partialFilterExpression]);
  return optionsOf(existing) === optionsOf(wanted);
}
