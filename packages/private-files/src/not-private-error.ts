/** Other users can read or change a directory or file, and its mode can't be changed. The message says what to do. */
export class NotPrivateError extends Error {
  override readonly name = "NotPrivateError";
}

const MEANINGS: Readonly<Record<string, string>> = {
  EROFS: "its file system is read-only",
  EACCES: "this user has no permission",
  EPERM: "this user has no permission",
  ENOSPC: "the disk is full",
  EDQUOT: "this user's quota is used up",
  ENOTDIR: "a part of the path is not a directory",
};

/** Describes why a file or directory can't be used, for an operator, with the code of the failed system call. */
export function describeFileError(error: unknown): string {
  const code = codeOf(error);
  const meaning = MEANINGS[code];
  return meaning === undefined ? code : `${meaning} (${code})`;
}

/** The code of a failed system call, such as `EPERM`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
