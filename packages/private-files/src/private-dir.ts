import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  type Stats,
} from "node:fs";
import { dirname } from "node:path";
import { codeOf, NotPrivateError } from "./not-private-error.ts";

/** Permission bits of the group and of all other users. */
const OTHERS = 0o077;
const WRITABLE_BY_ALL = 0o002;
/** The mode bit of directories that all users share, such as /tmp. */
const STICKY = 0o1000;

/**
 * Creates the directory if it is missing. Gives it mode 0700, even if it existed before. If the directory belongs to
 * another user, returns a warning instead: the mode is that user's decision, as on a volume whose group grants the
 * access.
 *
 * Throws a NotPrivateError if every user could read or replace the directory's content, and the error of the system
 * call if the directory can't be created or opened. On Windows, which has no modes, only creates the directory.
 */
export function ensurePrivateDir(dir: string): string | undefined {
  makeDir(dir);
  const user = process.getuid?.();
  if (user === undefined) return undefined;
  // All checks and changes use one descriptor, so that the path can't be replaced between them.
  const fd = openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const stats = fstatSync(fd);
    if (stats.uid !== user) return warnOfOwner(dir, stats);
    if ((stats.mode & OTHERS) !== 0) close(fd, dir, stats);
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/**
 * Creates a directory and its missing parents. Doesn't use the option `recursive`: with it, `mkdir` reports ENOENT on a
 * read-only file system, and never returns on a file system such as /proc.
 */
function makeDir(dir: string): void {
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    if (existsSync(dir)) return;
    const parent = dirname(dir);
    if (codeOf(error) !== "ENOENT" || existsSync(parent) || parent === dir) throw error;
    makeDir(parent);
    makeDir(dir);
  }
}

/** Changes the mode to 0700, and checks the result: some file systems accept the change but ignore it. */
function close(fd: number, dir: string, { mode }: Stats): void {
  if ((mode & STICKY) !== 0)
    throw new NotPrivateError(`${dir} is shared by all users of this machine: set a directory of its own`);
  try {
    fchmodSync(fd, 0o700);
  } catch (error) {
    if (codeOf(error) === "EROFS") throw error;
    throw notClosed(dir, `chmod failed with ${codeOf(error)}`);
  }
  if ((fstatSync(fd).mode & OTHERS) !== 0) throw notClosed(dir, "its file system ignores chmod");
}

function notClosed(dir: string, reason: string): NotPrivateError {
  return new NotPrivateError(
    `${dir} is open to other users, and ${reason}: run chmod 700 ${dir}, or set a directory on another file system`,
  );
}

function warnOfOwner(dir: string, { uid, mode }: Stats): string {
  if ((mode & WRITABLE_BY_ALL) !== 0)
    throw new NotPrivateError(
      `${dir} belongs to user ${uid} and every user may write to it: set a directory of its own, or run chmod o-w ${dir}`,
    );
  return `${dir} belongs to user ${uid}, who can read and change what is in it`;
}
