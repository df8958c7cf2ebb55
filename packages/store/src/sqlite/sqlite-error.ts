/** SQLite's result code for a locked database. */
export const SQLITE_BUSY = 5;

/** An error of SQLite, as `node:sqlite` throws it. */
export interface SqliteError extends Error {
  readonly errcode: number;
  /** SQLite's description of the code. Contains no data. */
  readonly errstr: string;
}

/** Tells if an error comes from SQLite. */
export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR";
}

/** Returns the reason of an error that SQLite reported, or undefined for any other error. */
export function reasonOf(error: unknown): string | undefined {
  if (isSqliteError(error)) return error.errstr;
  const closed = error instanceof Error && "code" in error && error.code === "ERR_INVALID_STATE";
  return closed ? "closed" : undefined;
}
