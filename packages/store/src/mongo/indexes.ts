import { type Collection, type IndexDescription, MongoServerError } from "mongodb";
import { StoreUnusable } from "../errors.ts";
import type { MessageDocument } from "./document.ts";

/**
 * The indexes for reads of a range. A read names its index as a hint, so if the index is missing, the read fails
 * instead of scanning the collection. `Connection.hint` describes the exception.
 */
export const BY_CONVERSATION = { conversation: 1, _id: 1 } as const;
export const BY_SENDER = { from: 1, _id: 1 } as const;
export const BY_RECIPIENT = { to: 1, _id: 1 } as const;
/** The unique index on `(conversation, from, ref)`: a message sent several times is stored once (G2). */
const BY_REF = { conversation: 1, from: 1, ref: 1 } as const;

const INDEXES: IndexDescription[] = [
  { key: BY_CONVERSATION },
  { key: BY_SENDER },
  { key: BY_RECIPIENT },
  { key: BY_REF, unique: true, partialFilterExpression: { ref: { $exists: true } } },
];

/** MongoDB's error code for a missing collection. */
const NAMESPACE_NOT_FOUND = 26;

/** MongoDB's error codes for a collection that conflicts with the indexes, with a text for the operator. */
const CONFLICTS = new Map<unknown, string>([
  [67, "an index can't be created"],
  [85, "an index exists with different options"],
  [86, "an index exists with different keys"],
  [11000, "two messages have the same conversation, sender and ref"],
]);

/**
 * Creates the indexes, and with them the collection. Safe to call again, and by several processes at once. Throws
 * StoreUnusable if the collection has conflicting indexes or documents.
 */
export async function createIndexes(collection: Collection<MessageDocument>): Promise<void> {
  try {
    await collection.createIndexes(INDEXES);
  } catch (error) {
    const problem = error instanceof MongoServerError ? CONFLICTS.get(error.code) : undefined;
    if (problem === undefined) throw error;
    throw new StoreUnusable(
      `the collection ${collection.namespace} cannot be used: ${problem}. Resolve the conflict or set another database`,
    );
  }
}

/** Returns the keys of the indexes that the collection lacks: all of them if the collection doesn't exist. */
export async function missingIndexes(collection: Collection<MessageDocument>): Promise<string[]> {
  const indexes = await collection.indexes().catch((error: unknown) => {
    if (error instanceof MongoServerError && error.code === NAMESPACE_NOT_FOUND) return [];
    throw error;
  });
  const existing = new Set(indexes.map(({ key }) => JSON.stringify(key)));
  return INDEXES.map(({ key }) => JSON.stringify(key)).filter((key) => !existing.has(key));
}
