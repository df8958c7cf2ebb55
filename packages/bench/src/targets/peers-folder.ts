import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A workspace of its own, which the installation of this one leaves alone. */
export const PEERS = join(import.meta.dirname, "../../peers");
const INSTALL_TIMEOUT_MS = 5 * 60_000;
const LAST_LINES = 3;

/** Whether what its lockfile names is there. */
export function peersAreInstalled(folder = PEERS): boolean {
  return textOf(join(folder, "node_modules/.pnpm/lock.yaml")) === textOf(join(folder, "pnpm-lock.yaml"));
}

/** Installs what is missing. Resolves with why that could not be done, or with undefined. */
export async function installPeers(say: (text: string) => void): Promise<string | undefined> {
  if (peersAreInstalled()) return undefined;
  say("installing the servers to measure beside, and what draws the chart, into packages/bench/peers (once)");
  try {
    await run("npx", ["--yes", "pnpm@12", "install", "--frozen-lockfile"], {
      cwd: PEERS,
      timeout: INSTALL_TIMEOUT_MS,
    });
    return undefined;
  } catch (error) {
    const said = error instanceof Error && "stdout" in error ? `${error.stdout}`.trim() : "";
    return (said || String(error)).split("\n").slice(-LAST_LINES).join(" | ");
  }
}

/** The versions that are pinned there, by package. */
export function peerVersions(): Readonly<Record<string, string>> {
  return JSON.parse(readFileSync(join(PEERS, "package.json"), "utf8")).dependencies;
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // Not there: the other one is, so they differ.
    return undefined;
  }
}
