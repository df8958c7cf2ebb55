import { randomBytes } from "node:crypto";
import { link, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  describeFileError,
  ensurePrivateDir,
  ensurePrivateFile,
  NotPrivateError,
} from "@parley/private-files";
import { MIN_SECRET_BYTES } from "./auth.ts";
import { ConfigError } from "./config-error.ts";

const FILE = "jwt-secret";

/**
 * Reads the token secret from `dataDir`, and creates a random one on the first call (P61). Used if JWT_SECRET is
 * unset. Only the owner can read the directory and the file.
 *
 * Processes that start at the same time get the same secret. Each writes a complete temporary file and links it to
 * the final name, and only the first link succeeds. Rejects with a ConfigError if the directory or the file can't be
 * used.
 */
export async function loadOrCreateSecret(dataDir: string): Promise<string> {
  try {
    ensurePrivateDir(dataDir);
    return (await load(dataDir)) ?? (await create(dataDir));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (error instanceof NotPrivateError)
      throw new ConfigError(`DATA_DIR cannot keep a secret: ${error.message}`);
    throw new ConfigError(
      `DATA_DIR ${dataDir} cannot keep a secret: ${describeFileError(error)}. Set it to a directory that this user can write to`,
    );
  }
}

async function load(dataDir: string): Promise<string | undefined> {
  const path = join(dataDir, FILE);
  let text: string;
  try {
    text = (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  if (Buffer.byteLength(text) < MIN_SECRET_BYTES)
    throw new ConfigError(
      `DATA_DIR has a damaged secret: delete ${path} and restart; existing tokens become invalid`,
    );
  ensurePrivateFile(path);
  return text;
}

async function create(dataDir: string): Promise<string> {
  const path = join(dataDir, FILE);
  const temporary = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(`${randomBytes(32).toString("base64url")}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(temporary, path).catch((error: unknown) => {
      if (codeOf(error) !== "EEXIST") throw error;
    });
  } finally {
    await rm(temporary, { force: true });
  }
  const secret = await load(dataDir);
  if (secret === undefined)
    throw new ConfigError(`DATA_DIR lost its new secret: ${path} was deleted during the start; start again`);
  return secret;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
