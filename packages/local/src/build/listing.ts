import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Folders and files that a build depends on. */
const INPUTS = [
  "apps",
  "packages",
  "package.json",
  "pnpm-lock.yaml",
  "pnpm-workspace.yaml",
  "tsconfig.base.json",
  "tsup.base.ts",
  "turbo.json",
  "node_modules/.modules.yaml",
];
const SKIPPED = new Set(["node_modules", "dist", ".turbo", ".cache", "data", "coverage"]);

/**
 * Returns a digest of the state of all files that a build depends on. A file's state includes its `ctime`, which every
 * change of the file sets and no program can set back. So no change is missed, as by comparing times of change alone.
 */
export function inputsOf(root: string): string {
  const hash = createHash("sha256").update(process.version);
  for (const path of INPUTS) addFile(join(root, path), (name) => !SKIPPED.has(name), hash);
  return hash.digest("hex");
}

/** Returns a digest of the state of all files that builds have written. */
export function outputsOf(root: string): string {
  const hash = createHash("sha256");
  for (const folder of ["apps", "packages"])
    for (const name of namesIn(join(root, folder)))
      addFile(join(root, folder, name, "dist"), () => true, hash);
  return hash.digest("hex");
}

function addFile(
  path: string,
  isWanted: (name: string) => boolean,
  hash: ReturnType<typeof createHash>,
): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isDirectory()) hash.update(`${path}\0${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}\n`);
  else for (const name of namesIn(path)) if (isWanted(name)) addFile(join(path, name), isWanted, hash);
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
