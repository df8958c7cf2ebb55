import { MongoBulkWriteError, MongoServerError } from "mongodb";
import { StoreUnusable } from "../errors.ts";

/** MongoDB's error code for a document whose id or ref is taken. */
export const DUPLICATE_KEY = 11000;

/**
 * Returns the kind of a database error: its name and code, never its message, which can contain documents. Returns
 * undefined for StoreUnusable, and treats every other error as one of the database.
 */
export function reasonOf(error: unknown): string | undefined {
  if (error instanceof StoreUnusable) return undefined;
  if (!(error instanceof Error)) return "unknown error";
  // A bulk write wraps the error that it failed with.
  if (error instanceof MongoBulkWriteError && error.errorResponse instanceof Error) {
    return reasonOf(error.errorResponse);
  }
  if (error instanceof MongoServerError)
    return `${error.name} ${error.codeName ?? error.code ?? ""}`.trimEnd();
  return "code" in error && typeof error.code === "string" ? `${error.name} ${error.code}` : error.name;
}

/** An error of one document in a bulk write. */
export interface DocumentError {
  /** The document's index in the write. */
  readonly index: number;
  readonly code: number;
}

/**
 * Returns the errors of single documents in an unordered write of `count` documents. All other documents satisfy the
 * write concern. Rethrows the error if that isn't certain: the whole write failed, the write concern failed (then no
 * document may count as stored, L13), or the error doesn't account for every document.
 */
export function documentErrorsOf(error: unknown, count: number): readonly DocumentError[] {
  if (!(error instanceof MongoBulkWriteError)) throw error;
  const errors = [error.writeErrors].flat();
  const written = error.insertedCount + error.matchedCount + error.upsertedCount;
  if (written + errors.length !== count || error.result.getWriteConcernError() !== undefined) throw error;
  return errors.map(({ index, code }) => ({ index, code }));
}
