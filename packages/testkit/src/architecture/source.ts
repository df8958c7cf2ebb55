import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A text file of the repository. `path` is relative to the root and has slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Names that `readSources` skips: those in `.gitignore`, and git's own folder. */
const IGNORED = new Set(["node_modules", "dist", ".turbo", ".cache", "data", "coverage", ".git"]);
const TEXT_FILES =
  /\.(tsx?|js|lua|json|ya?ml|md|sh|toml|conf|html|css|txt)$|(^|\/)[A-Z][A-Za-z]*file$|(^|\/)(run|LICENSE|\.[\w.-]+)$/;

/** Reads every text file of the repository. */
export function readSources(root: string, folder = ""): Source[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (IGNORED.has(entry.name)) return [];
    if (entry.isDirectory()) return readSources(root, path);
    return TEXT_FILES.test(path) ? [{ path, text: readFileSync(join(root, path), "utf8") }] : [];
  });
}

/** Returns true for TypeScript in apps and packages, tests included. */
export const isCode = ({ path }: Source): boolean => /^(apps|packages)\/[^/]+\/.*\.tsx?$/.test(path);

/** Returns true for code that only runs in tests. Such code may import packages that product code may not. */
export function isForTests({ path }: Source): boolean {
  return /\.test\.ts$|\.child\.ts$|-rig\.ts$|\/(test|testing)\//.test(path) || TEST_PACKAGES.test(path);
}
const TEST_PACKAGES = /^packages\/(testkit|local|e2e|chaos|bench)\//;

/** Returns the app or package that contains a path, such as `apps/gateway`. */
export function workspaceOf(path: string): string {
  return path.split("/", 2).join("/");
}

/** One import or re-export. `typeOnly` is true if the import doesn't exist at run time. */
export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const STATIC = /^\s*(?:import|export)\s+(type\s)?[^"'`;]*?from\s*["']([^"']+)["']/gm;
const BARE = /^\s*import\s*["']([^"']+)["']/gm;
const DYNAMIC = /\b(?:import|require)\(\s*["']([^"']+)["']/g;

/** Returns all imports of a file: static imports, dynamic imports, and imports without names (`import "a"`). */
export function importsOf({ text }: Source): Import[] {
  return [
    ...[...text.matchAll(STATIC)].map(([, type, specifier = ""]) => ({
      specifier,
      typeOnly: type !== undefined,
    })),
    ...[...text.matchAll(BARE)].map(([, specifier = ""]) => ({ specifier, typeOnly: false })),
    ...[...text.matchAll(DYNAMIC)].map(([, specifier = ""]) => ({ specifier, typeOnly: false })),
  ];
}

/** Returns a specifier's package (`@scope/name` or `name`), or undefined for relative paths and Node's modules. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) return undefined;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
