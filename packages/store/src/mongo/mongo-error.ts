import {
  MongoBulkWriteError,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoNotConnectedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
} from "mongodb";
import { type StoreProblem, StoreUnusable } from "../errors.ts";
import { DeadlineExceeded } from "./deadline.ts";

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

/** MongoDB's error codes for a command, or a write concern, that took too long. */
const TOO_SLOW: readonly unknown[] = [50, 64, 262];

/** The driver doesn't export the class of this error: an operation found no free connection in time. */
const NO_FREE_CONNECTION = "MongoWaitQueueTimeoutError";
const UNREACHABLE = [
  MongoServerSelectionError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoTopologyClosedError,
];

/** Tells why the database couldn't answer. */
export function problemOf(error: unknown): StoreProblem {
  // A bulk write wraps the error that it failed with.
  if (error instanceof MongoBulkWriteError && error.errorResponse instanceof Error)
    return problemOf(error.errorResponse);
  if (isTooSlow(error)) return "slow";
  return UNREACHABLE.some((type) => error instanceof type) ? "unreachable" : "failing";
}

function isTooSlow(error: unknown): boolean {
  if (error instanceof DeadlineExceeded || error instanceof MongoNetworkTimeoutError) return true;
  if (error instanceof MongoServerError) return TOO_SLOW.includes(error.code);
  return error instanceof Error && error.name === NO_FREE_CONNECTION;
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

/**
 * Returns the errors of single updates in an unordered write. Rethrows the error if the whole write or its write concern
 * failed. An update may match nothing, so the error can't account for every update: the caller reads the documents.
 */
export function updateErrorsOf(error: unknown): readonly DocumentError[] {
  if (!(error instanceof MongoBulkWriteError) || error.errorResponse instanceof Error) throw error;
  const errors = [error.writeErrors].flat();
  if (errors.length === 0 || error.result.getWriteConcernError() !== undefined) throw error;
  return errors.map(({ index, code }) => ({ index, code }));
}
