import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A file of the repository; `path` from its root, with slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** What `.gitignore` names, and git's own. */
const NOT_OURS = new Set(["node_modules", "dist", ".turbo", ".cache", "data", "coverage", ".git"]);
const OUR_TEXT =
  /\.(tsx?|js|lua|json|ya?ml|md|sh|toml|conf|html|css|txt)$|(^|\/)[A-Z][A-Za-z]*file$|(^|\/)(run|LICENSE|\.[\w.-]+)$/;

/** Every text file of the repository. */
export function readSources(root: string, folder = ""): Source[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (NOT_OURS.has(entry.name)) return [];
    if (entry.isDirectory()) return readSources(root, path);
    return OUR_TEXT.test(path) ? [{ path, text: readFileSync(join(root, path), "utf8") }] : [];
  });
}

/** TypeScript of the product, tests among it. */
export const isCode = ({ path }: Source): boolean => /^(apps|packages)\/[^/]+\/.*\.tsx?$/.test(path);

/** Code that only tests run: it may use what the product may not. */
export function isForTests({ path }: Source): boolean {
  return /\.test\.ts$|\.child\.ts$|-rig\.ts$|\/(test|testing)\//.test(path) || SUITES.test(path);
}
const SUITES = /^packages\/(testkit|local|e2e|chaos|bench)\//;

/** `apps/gateway` of any file in it. */
export function workspaceOf(path: string): string {
  return path.split("/", 2).join("/");
}

/** One import or re-export; `typeOnly` where nothing of it is left at run time. */
export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const STATIC = /^\s*(?:import|export)\s+(type\s)?[^"'`;]*?from\s*["']([^"']+)["']/gm;
const BARE = /^\s*import\s*["']([^"']+)["']/gm;
const DYNAMIC = /\b(?:import|require)\(\s*["']([^"']+)["']/g;

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

/** `@scope/name` or `name` of a specifier; undefined for a relative path and for what Node brings. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) return undefined;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
