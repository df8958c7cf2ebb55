/** Other users can read or change a directory or file, and its mode can't be changed. The message says what to do. */
export class NotPrivateError extends Error {
  override readonly name = "NotPrivateError";
}

/** The code of a failed system call, such as `EPERM`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
