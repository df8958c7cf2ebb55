import { MongoBulkWriteError, MongoServerError } from "mongodb";
import { StoreUnusable } from "../errors.ts";

/** The code of a document whose id or ref is taken. */
export const DUPLICATE_KEY = 11000;

/**
 * The kind of what the driver failed with: its name and code. Never its message, which can hold documents. Whatever
 * it is, it means that the store could not say: undefined only where the store can never be used.
 */
export function reasonOf(error: unknown): string | undefined {
  if (error instanceof StoreUnusable) return undefined;
  if (!(error instanceof Error)) return "unknown error";
  // The insert's own error round what it failed with.
  if (error instanceof MongoBulkWriteError && error.errorResponse instanceof Error) {
    return reasonOf(error.errorResponse);
  }
  if (error instanceof MongoServerError)
    return `${error.name} ${error.codeName ?? error.code ?? ""}`.trimEnd();
  return "code" in error && typeof error.code === "string" ? `${error.name} ${error.code}` : error.name;
}

export interface DocumentError {
  /** Of the document, in the order given. */
  readonly index: number;
  readonly code: number;
}

/**
 * What an unordered write of `count` documents failed with, document by document; all others are kept as the write
 * concern asks. Throws the error again where that is not so: it was for the whole write, or for its write concern,
 * which nothing may be counted as kept without (L13), or it does not account for every document.
 */
export function documentErrorsOf(error: unknown, count: number): readonly DocumentError[] {
  if (!(error instanceof MongoBulkWriteError)) throw error;
  const errors = [error.writeErrors].flat();
  const kept = error.insertedCount + error.matchedCount + error.upsertedCount;
  if (kept + errors.length !== count || error.result.getWriteConcernError() !== undefined) throw error;
  return errors.map(({ index, code }) => ({ index, code }));
}
