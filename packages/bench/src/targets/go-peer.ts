import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { CACHE, installOnce } from "@parley/local";
import { PEERS } from "./peers-folder.ts";
import type { Unavailable } from "./unavailable.ts";

const run = promisify(execFile);

/** The Go module of the server that uses Centrifugo's library. */
const MODULE = join(PEERS, "centrifuge");
const FILES = ["go.mod", "go.sum", "main.go"];
/** Enough to download the modules and to compile them on a slow machine. */
const BUILD_TIMEOUT_MS = 10 * 60_000;
const LAST_LINES = 3;

/** Returns the path of the built server. The folder is named after the source, so a change is built again. */
export function goPeerProgram(): string {
  const hash = createHash("sha256");
  for (const file of FILES) hash.update(readFileSync(join(MODULE, file)));
  return join(CACHE, `bench-centrifuge-${hash.digest("hex").slice(0, 12)}`, "server");
}

/**
 * Builds the server if necessary. Resolves with the reason if that isn't possible, else with undefined. With
 * `offline`, only modules that are on this machine are used.
 */
export async function buildGoPeer(
  log: (text: string) => void,
  { offline = false }: { offline?: boolean } = {},
): Promise<Unavailable | undefined> {
  const program = goPeerProgram();
  if (existsSync(program)) return undefined;
  try {
    const { stdout } = await run("go", ["version"]);
    log(`building the server with Centrifugo's library (once), with ${stdout.trim()}`);
  } catch {
    return { word: "needs go", detail: "there is no `go` on the PATH" };
  }
  // The toolchain stays the installed one: a newer one would be another download.
  const env = { ...process.env, GOTOOLCHAIN: "local", ...(offline && { GOPROXY: "off" }) };
  try {
    await installOnce(join(program, ".."), async (draft) => {
      const args = ["build", "-buildvcs=false", "-o", join(draft, "server"), "."];
      await run("go", args, { cwd: MODULE, env, timeout: BUILD_TIMEOUT_MS });
    });
    return undefined;
  } catch (error) {
    return { word: "not built", detail: lastLines(error) };
  }
}

/** Returns the version of Centrifugo's library. */
export function goPeerVersion(): string {
  const module = readFileSync(join(MODULE, "go.mod"), "utf8");
  return /centrifugal\/centrifuge v(\S+)/.exec(module)?.[1] ?? "of unknown version";
}

function lastLines(error: unknown): string {
  const output = error instanceof Error && "stderr" in error ? `${error.stderr}`.trim() : "";
  return (output || String(error)).split("\n").slice(-LAST_LINES).join(" | ");
}
