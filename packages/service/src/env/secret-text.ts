import { closeSync, openSync, readSync } from "node:fs";
import { ConfigError } from "./config-error.ts";

/** Appended to the name of a secret's variable: `JWT_SECRET_FILE` names the file that holds `JWT_SECRET`. */
export const FILE_SUFFIX = "_FILE";

/** Maximum size of a secret's file. Without it, a path such as /dev/zero would fill the memory. */
const MAX_FILE_BYTES = 65_536;

/**
 * Returns the text of a secret: the value of its variable, or the content of the file that NAME_FILE names. A file
 * keeps the secret out of the process list and of a container's description. Throws a ConfigError that shows neither
 * the secret nor the path, because the path may be a misplaced secret.
 */
export function readSecretText(name: string, textOf: (name: string) => string | undefined) {
  const fileName = `${name}${FILE_SUFFIX}`;
  const [text, path] = [textOf(name), textOf(fileName)];
  if (path === undefined) return text;
  if (text !== undefined)
    throw new ConfigError(`${name} and ${fileName} exclude each other: set only one of them`);
  const content = readSmallFile(path, fileName).trim();
  if (content === "") throw new ConfigError(`${fileName} names an empty file: write ${name} into the file`);
  return content;
}

function readSmallFile(path: string, fileName: string): string {
  try {
    const content = readUpTo(path, MAX_FILE_BYTES + 1);
    if (content.length <= MAX_FILE_BYTES) return content.toString();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "unknown error";
    throw new ConfigError(`${fileName} cannot be read (${code}): set it to the path of a readable file`);
  }
  throw new ConfigError(
    `${fileName} names a file of more than ${MAX_FILE_BYTES} bytes: set it to another path`,
  );
}

/** Reads the first bytes of a file or pipe. */
function readUpTo(path: string, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  const file = openSync(path, "r");
  try {
    let length = 0;
    for (let count = -1; count !== 0 && length < bytes; length += count)
      count = readSync(file, buffer, length, bytes - length, null);
    return buffer.subarray(0, length);
  } finally {
    closeSync(file);
  }
}
