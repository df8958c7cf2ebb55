import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build as buildBundle, type Options } from "tsup";
import { app as settings } from "../../../../tsup.base.ts";
import type { Mutant } from "./mutant.ts";

const ROOT = join(import.meta.dirname, "../../../..");

/** Every mutant prints this when it starts. A bundle that contains it must not be shipped. */
export const MARK = "broken on purpose";

/** Leaves everything out of a bundle that isn't our own code. */
const OWN_CODE: Options = { noExternal: [/^@parley\//], skipNodeModulesBundle: true };

/**
 * Bundles the mutant's app as it is shipped, except for the edit, and resolves with the bundle's path. Empties
 * `folder` first. With "own code" the bundle lacks the dependencies of others. It can't start in `folder`, but takes
 * less than half of the time and shows the same about the mutant's source.
 *
 * Rejects when the source doesn't contain the text to replace exactly once, or when the app doesn't contain the
 * source. Such a build would show nothing, so the mutant must be rewritten.
 */
export async function bundle(
  mutant: Mutant,
  folder: string,
  extent: "everything" | "own code" = "everything",
): Promise<string> {
  const { name, app, definedIn, source } = mutant;
  const file = join(ROOT, source);
  const contents = `${mutate(await readFile(file, "utf8"), mutant)}\nprocess.emitWarning("${MARK}: ${name}");\n`;
  let isBundled = false;
  const replaceSource: NonNullable<Options["esbuildPlugins"]>[number] = {
    name: "mutant",
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (path !== file) return undefined;
        isBundled = true;
        return { contents, loader: "ts" };
      });
    },
  };
  await buildBundle({
    ...settings,
    ...(extent === "own code" && OWN_CODE),
    config: false,
    silent: true,
    tsconfig: join(ROOT, "apps", app, "tsconfig.json"),
    entry: { [app]: join(ROOT, "apps", app, "src/main.ts") },
    outDir: folder,
    outExtension: () => ({ js: ".js" }),
    esbuildPlugins: [replaceSource],
  });
  if (!isBundled) throw new Error(`${definedIn}: ${name}: the bundle of ${app} doesn't contain ${source}`);
  return join(folder, `${app}.js`);
}

/** Returns the source with the mutant's edit. Throws when the text to replace isn't there exactly once. */
export function mutate(
  text: string,
  { name, definedIn, source, replace, with: replacement }: Mutant,
): string {
  const [before, ...after] = text.split(replace);
  if (before === undefined || after.length !== 1)
    throw new Error(
      `${definedIn}: ${name}: ${source} contains the text to replace ${after.length} times instead of once: ${replace}`,
    );
  return `${before}${replacement}${after[0]}`;
}
