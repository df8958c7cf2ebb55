import { dirname, join } from "node:path/posix";
import type { Rule } from "./import-rules.ts";
import { importsOf, isCode, type Source } from "./source.ts";

const MAX_FILES = 15;

/** A folder has so few files that its listing is read at a glance. Tests and their rigs aren't counted. */
export const foldersAreSmall: Rule = (sources) => {
  const counts = new Map<string, number>();
  for (const source of sources) {
    if (!isSource(source) || /\.test\.tsx?$|-rig\.ts$|\/test\//.test(source.path)) continue;
    const folder = dirname(source.path);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].flatMap(([folder, count]) =>
    count > MAX_FILES ? [`${folder}: ${count} files, at most ${MAX_FILES}`] : [],
  );
};

/** No files import each other, directly or through other files. Files in a cycle can only be understood together. */
export const importsHaveNoCycle: Rule = (sources) => {
  const imports = new Map(sources.filter(isCode).map((source) => [source.path, relativeImports(source)]));
  const finished = new Set<string>();
  const cycles: string[] = [];

  function visit(path: string, trail: readonly string[]): void {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push([...trail.slice(start), path].join(" -> "));
    if (start >= 0 || finished.has(path)) return;
    for (const next of imports.get(path) ?? []) visit(next, [...trail, path]);
    finished.add(path);
  }

  for (const path of imports.keys()) visit(path, []);
  return cycles;
};

function relativeImports(source: Source): string[] {
  return importsOf(source)
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ specifier }) => join(dirname(source.path), specifier));
}

function isSource({ path }: Source): boolean {
  return /^(apps|packages)\/[^/]+\/.*\.(tsx?|lua|js)$/.test(path);
}
