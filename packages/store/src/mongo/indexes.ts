import { type Collection, type IndexDescription, MongoServerError } from "mongodb";
import { StoreUnusable } from "../errors.ts";
import type { MessageDocument } from "./document.ts";

/**
 * A read of a range names the one of these it uses: it is served by that or refused, and never walks everything. Where
 * naming it would have the opposite effect it does not; see `Connection.hint`.
 */
export const BY_CONVERSATION = { conversation: 1, _id: 1 } as const;
export const BY_SENDER = { from: 1, _id: 1 } as const;
export const BY_RECIPIENT = { to: 1, _id: 1 } as const;
/** What makes a message one, however often its sender sends it (G2). */
const BY_REF = { conversation: 1, from: 1, ref: 1 } as const;

const INDEXES: IndexDescription[] = [
  { key: BY_CONVERSATION },
  { key: BY_SENDER },
  { key: BY_RECIPIENT },
  { key: BY_REF, unique: true, partialFilterExpression: { ref: { $exists: true } } },
];

/** MongoDB's code for a collection that is not there. */
const NO_COLLECTION = 26;

/** MongoDB's codes for an index of this name or these keys that is another one, and for two messages of one ref. */
const UNSUITABLE = new Map<unknown, string>([
  [67, "an index cannot be made"],
  [85, "an index is there with other options"],
  [86, "an index is there with other keys"],
  [11000, "two messages have the same conversation, sender and ref"],
]);

/**
 * Makes the indexes, and with them the collection. MongoDB takes the same ones again, by several at once too. Throws
 * StoreUnusable where the collection has something else in their place.
 */
export async function createIndexes(collection: Collection<MessageDocument>): Promise<void> {
  try {
    await collection.createIndexes(INDEXES);
  } catch (error) {
    const problem = error instanceof MongoServerError ? UNSUITABLE.get(error.code) : undefined;
    if (problem === undefined) throw error;
    throw new StoreUnusable(`the collection ${collection.namespace} cannot be used: ${problem}`);
  }
}

/** Those of the indexes that the collection has not, by their keys; all of them where there is no collection yet. */
export async function missingIndexes(collection: Collection<MessageDocument>): Promise<string[]> {
  const there = await collection.indexes().catch((error: unknown) => {
    if (error instanceof MongoServerError && error.code === NO_COLLECTION) return [];
    throw error;
  });
  const has = new Set(there.map(({ key }) => JSON.stringify(key)));
  return INDEXES.map(({ key }) => JSON.stringify(key)).filter((key) => !has.has(key));
}
