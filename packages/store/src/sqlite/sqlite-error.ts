/** What SQLite fails with, by its primary result code. */
export const SQLITE_BUSY = 5;

export interface SqliteError extends Error {
  readonly errcode: number;
  /** SQLite's own words for the code, without any value. */
  readonly errstr: string;
}

export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR";
}

/** The kind of an error of the database, undefined for any other. */
export function reasonOf(error: unknown): string | undefined {
  if (isSqliteError(error)) return error.errstr;
  const closed = error instanceof Error && "code" in error && error.code === "ERR_INVALID_STATE";
  return closed ? "closed" : undefined;
}
