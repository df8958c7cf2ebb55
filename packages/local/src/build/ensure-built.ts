import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inputsOf, outputsOf } from "./listing.ts";

const ROOT = join(import.meta.dirname, "../../../..");

/** The package to build, with everything that it contains, or all packages. */
export type Target = "@parley/standalone" | "@parley/web" | "all";

/** Builds a target. Returns the exit code. */
export type Build = (root: string, target: Target) => number;

/**
 * Builds what has changed since the last build. If no file has changed, this takes some milliseconds and doesn't start
 * turbo. If the build fails, ends the process with the exit code of the build.
 */
export function ensureBuilt(target: Target = "all"): void {
  const code = buildIfChanged(ROOT, target, runTurbo);
  if (code !== 0) process.exit(code);
}

/** Runs `build` unless the files are as they were after the last successful build. Returns the exit code. */
export function buildIfChanged(root: string, target: Target, build: Build): number {
  const record = join(root, ".cache/built", target.replace(/\W/g, ""));
  // Read before the build, so that a file that changes during the build is built by the next one.
  const inputs = inputsOf(root);
  if (readRecord(record) === `${inputs} ${outputsOf(root)}`) return 0;
  const code = build(root, target);
  if (code !== 0) return code;
  mkdirSync(dirname(record), { recursive: true });
  writeFileSync(record, `${inputs} ${outputsOf(root)}`);
  return 0;
}

/** Builds with turbo, which itself builds only what has changed. Prints only errors. */
export function runTurbo(root: string, target: string): number {
  const filter = target === "all" ? [] : [`--filter=${target}`];
  const turbo = join(root, "node_modules/.bin/turbo");
  const { status, error } = spawnSync(turbo, ["run", "build", ...filter, "--output-logs=errors-only"], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1" },
  });
  if (error) throw error;
  return status ?? 1;
}

function readRecord(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // There was no build yet, or its record can't be read: build.
    return undefined;
  }
}
