import { chmodSync, statSync } from "node:fs";
import { codeOf, NotPrivateError } from "./not-private-error.ts";

/** Permission bits of the group and of all other users. */
const OTHERS = 0o077;

/**
 * Gives an existing file mode 0600 if other users can read or write it. A missing file is no error. The file isn't
 * opened: closing it would release the locks that this process has on it.
 *
 * Throws a NotPrivateError if the mode can't be changed, or if the path isn't a file.
 */
export function ensurePrivateFile(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || process.getuid === undefined) return;
  if (!stats.isFile()) throw new NotPrivateError(`${path} is not a file: move it away`);
  if ((stats.mode & OTHERS) === 0) return;
  try {
    chmodSync(path, 0o600);
  } catch (error) {
    throw notPrivate(path, `chmod failed with ${codeOf(error)}`);
  }
  if ((statSync(path).mode & OTHERS) !== 0) throw notPrivate(path, "its file system ignores chmod");
}

function notPrivate(path: string, reason: string): NotPrivateError {
  return new NotPrivateError(`${path} is open to other users, and ${reason}: run chmod 600 ${path}`);
}
