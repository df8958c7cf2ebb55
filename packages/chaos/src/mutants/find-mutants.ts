import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MUTANTS_SUFFIX, type Mutant, mutantsFrom } from "./mutant.ts";

const ROOT = join(import.meta.dirname, "../../../..");

/**
 * Finds every mutant of the repository, in the order of the files' paths. The mutants of `apps/…/a.ts` are in
 * `apps/…/a.mutants.yaml`. Throws if a file is invalid or two mutants have the same name.
 */
export function findMutants(root = ROOT): Mutant[] {
  const files = globSync(`{apps,packages}/*/src/**/*${MUTANTS_SUFFIX}`, { cwd: root }).toSorted();
  const mutants = files.flatMap((file) => mutantsFrom(readFileSync(join(root, file), "utf8"), file));
  for (const [index, { name, definedIn }] of mutants.entries()) {
    const first = mutants.findIndex((other) => other.name === name);
    if (first !== index)
      throw new Error(`${definedIn}: ${name}: name is taken by a mutant in ${mutants[first]?.definedIn}`);
  }
  return mutants;
}
