import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { CACHE, installOnce } from "@parley/local";

const run = promisify(execFile);
const INSTALL_TIMEOUT_MS = 3 * 60_000;

/**
 * Returns the path of another version of Node, installed once below `.cache/` with npm. If it can't be installed, prints
 * that the suite is skipped and resolves with undefined, or rejects if `CI` is set.
 */
export async function findNode(version: string): Promise<string | undefined> {
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const home = join(CACHE, `${name}-${version}`);
  try {
    await installOnce(home, async (draft) => {
      const options = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--prefix", draft];
      await run("npm", ["install", ...options, `${name}@${version}`], { timeout: INSTALL_TIMEOUT_MS });
    });
    const node = join(home, "node_modules", name, "bin/node");
    await access(node);
    return node;
  } catch (error) {
    if (process.env.CI) throw error;
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    process.stderr.write(`\n*** SKIPPED: a suite that needs Node ${version}: ${reason}\n\n`);
    return undefined;
  }
}
