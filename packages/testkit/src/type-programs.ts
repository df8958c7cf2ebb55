import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Returns the folders whose `tsconfig.json` is checked by a `tsc` of its own: the root, which checks every package with
 * the common settings at once, and each package that the root excludes, because it has settings of its own. One program
 * takes a fraction of the time of one for each package, which would read the same declarations again.
 */
export function typePrograms(root: string): string[] {
  const { exclude }: { exclude: string[] } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8"));
  return [".", ...exclude];
}
