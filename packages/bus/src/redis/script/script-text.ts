import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolveScript } from "./resolve-script.ts";

/**
 * The text of every script by its name, as JSON. tsup.base.ts embeds it in a built app. It is undefined if the app runs
 * from source. It is a string because esbuild, if it embeds an object, adds a call to every module of the bundle.
 */
declare const PARLEY_LUA: string | undefined;

/** Returns the complete text of a script. Throws if there is no such script. */
export function scriptText(name: string): string {
  if (typeof PARLEY_LUA === "undefined") return resolveScript(name, readLua);
  const texts: Readonly<Record<string, string>> = JSON.parse(PARLEY_LUA);
  const text = texts[name];
  if (text === undefined) throw new Error(`this build has no Lua script "${name}"`);
  return text;
}

/** Reads the complete texts of all scripts from the source, for the build to embed. Throws if one can't be resolved. */
export function readScriptTexts(): Record<string, string> {
  const files = readdirSync(luaFile(""), { recursive: true, encoding: "utf8" });
  const names = files.flatMap((file) => /^(?!include)([\w/]+)\.lua$/.exec(file)?.[1] ?? []);
  return Object.fromEntries(names.sort().map((name) => [name, resolveScript(name, readLua)]));
}

/** Reads a Lua file of the source. */
export function readLua(file: string): string | undefined {
  return existsSync(luaFile(file)) ? readFileSync(luaFile(file), "utf8") : undefined;
}

/**
 * Doesn't use `import.meta.dirname`, because tsup bundles its configuration, and this file with it. There, only
 * `import.meta.url` is replaced by the URL of the source file.
 */
function luaFile(file: string): URL {
  return new URL(`../lua/${file}`, import.meta.url);
}
