import { randomBytes } from "node:crypto";
import { chmod, link, mkdir, open, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "./config-error.ts";

const FILE = "jwt-secret";

/**
 * The secret kept in `dataDir`, made there at random the first time; for who set no JWT_SECRET. Readable by its
 * owner alone. Processes that start at once get the same one: it is written whole under a name of its own and then
 * linked to the real name, which succeeds for exactly one. Rejects with a ConfigError where that cannot be.
 */
export async function keptSecret(dataDir: string): Promise<string> {
  try {
    await mkdir(dataDir, { recursive: true });
    return (await read(dataDir)) ?? (await make(dataDir));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`DATA_DIR cannot keep a secret: ${codeOf(error) ?? "unknown"} in ${dataDir}`);
  }
}

async function read(dataDir: string): Promise<string | undefined> {
  const path = join(dataDir, FILE);
  let text: string;
  try {
    text = (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  if (Buffer.byteLength(text) < 32)
    throw new ConfigError(
      `DATA_DIR has a damaged secret: delete ${path} and start again; then older tokens end`,
    );
  await closeToOthers(path);
  return text;
}

async function closeToOthers(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0) return;
  await chmod(path, 0o600).catch((error: unknown) => {
    throw new ConfigError(`DATA_DIR shows its secret to others: ${codeOf(error)} for chmod 600 ${path}`);
  });
}

async function make(dataDir: string): Promise<string> {
  const path = join(dataDir, FILE);
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(`${randomBytes(32).toString("base64url")}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path).catch((error: unknown) => {
      if (codeOf(error) !== "EEXIST") throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  const secret = await read(dataDir);
  if (secret === undefined) throw new ConfigError(`DATA_DIR lost a secret while it was made: ${path}`);
  return secret;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
