import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Unavailable } from "./unavailable.ts";

const run = promisify(execFile);

/** Folder of the peers. It is a separate workspace, which `pnpm install` in the repository doesn't install. */
export const PEERS = join(import.meta.dirname, "../../peers");
const INSTALL_TIMEOUT_MS = 5 * 60_000;
const LAST_LINES = 3;

/** Returns true if the installed packages match the lockfile. */
export function peersAreInstalled(folder = PEERS): boolean {
  const installed = readIfPresent(join(folder, "node_modules/.pnpm/lock.yaml"));
  return installed === readIfPresent(join(folder, "pnpm-lock.yaml"));
}

/** Installs the peers if necessary. Resolves with the reason if that fails, else with undefined. */
export async function installPeers(log: (text: string) => void): Promise<Unavailable | undefined> {
  if (peersAreInstalled()) return undefined;
  log("installing the other servers and the chart library into packages/bench/peers (once)");
  try {
    await run("npx", ["--yes", "pnpm@12", "install", "--frozen-lockfile"], {
      cwd: PEERS,
      timeout: INSTALL_TIMEOUT_MS,
    });
    return undefined;
  } catch (error) {
    const output = error instanceof Error && "stdout" in error ? `${error.stdout}`.trim() : "";
    const detail = (output || String(error)).split("\n").slice(-LAST_LINES).join(" | ");
    return { word: "not installed", detail };
  }
}

/** Returns the peers' pinned versions by package. */
export function peerVersions(): Readonly<Record<string, string>> {
  return JSON.parse(readFileSync(join(PEERS, "package.json"), "utf8")).dependencies;
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // `peersAreInstalled` then finds a difference, because pnpm-lock.yaml always exists.
    return undefined;
  }
}
