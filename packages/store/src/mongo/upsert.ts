import { type AnyBulkWriteOperation, type Collection, MongoBulkWriteError } from "mongodb";
import type { TimeLimit } from "./deadline.ts";
import { DUPLICATE_KEY } from "./mongo-error.ts";

/** Updates per bulk write. Bulk writes run concurrently, because a server may sync each update to disk separately. */
const BULK_SIZE = 128;
/**
 * Maximum number of attempts per bulk write. If two processes create the same document at once, the server refuses
 * one of them. The next attempt of that process updates the document. Some servers also end the whole write there.
 */
const MAX_ATTEMPTS = 10;

/** Writes upserts, each by its `_id`, in any order. Rejects unless all of them satisfy the write concern (L13). */
export async function upsertAll<Schema extends { readonly _id: string }>(
  collection: Collection<Schema>,
  operations: readonly AnyBulkWriteOperation<Schema>[],
  { maxTimeMS }: Pick<TimeLimit, "maxTimeMS">,
): Promise<void> {
  const bulks: Promise<void>[] = [];
  for (let from = 0; from < operations.length; from += BULK_SIZE)
    bulks.push(write(collection, operations.slice(from, from + BULK_SIZE), maxTimeMS, MAX_ATTEMPTS));
  await Promise.all(bulks);
}

async function write<Schema extends { readonly _id: string }>(
  collection: Collection<Schema>,
  operations: readonly AnyBulkWriteOperation<Schema>[],
  maxTimeMS: number,
  attempts: number,
): Promise<void> {
  try {
    await collection.bulkWrite(operations, { ordered: false, maxTimeMS });
  } catch (error) {
    if (attempts === 1) throw error;
    await write(collection, refusedOf(error, operations), maxTimeMS, attempts - 1);
  }
}

/** Returns the operations to repeat after a document was created by another process. Rethrows any other error. */
function refusedOf<Operation>(error: unknown, operations: readonly Operation[]): readonly Operation[] {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError() !== undefined)
    throw error;
  const errors = [error.writeErrors].flat();
  if (errors.length === 0 || errors.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
  const settled = error.matchedCount + error.upsertedCount + errors.length;
  return settled === operations.length ? errors.flatMap(({ index }) => operations[index] ?? []) : operations;
}
