import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build as bundled, type Options } from "tsup";
import { app as settings } from "../../../../tsup.base.ts";
import type { BrokenBuild, Edit } from "./mutants.ts";

const ROOT = join(import.meta.dirname, "../../../..");

/** Printed by every broken build when it starts, and in no other: a bundle that holds it must not be shipped. */
export const MARK = "broken on purpose";

/**
 * Bundles the app as it is shipped but for the edit, into a folder that is emptied first, and resolves with the file.
 * Rejects where the text that is to be edited is not found exactly once, or where the app does not hold that file any
 * more: then the build shows nothing, and its edit must be made anew.
 */
export async function bundle({ name, app, edit }: BrokenBuild, folder: string): Promise<string> {
  const file = join(ROOT, edit.file);
  const contents = `${edited(await readFile(file, "utf8"), edit)}\nprocess.emitWarning("${MARK}: ${name}");\n`;
  let isHeld = false;
  const breaking: NonNullable<Options["esbuildPlugins"]>[number] = {
    name: "break",
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (path !== file) return undefined;
        isHeld = true;
        return { contents, loader: "ts" };
      });
    },
  };
  await bundled({
    ...settings,
    config: false,
    silent: true,
    tsconfig: join(ROOT, "apps", app, "tsconfig.json"),
    entry: { [app]: join(ROOT, "apps", app, "src/main.ts") },
    outDir: folder,
    outExtension: () => ({ js: ".js" }),
    esbuildPlugins: [breaking],
  });
  if (!isHeld) throw new Error(`${name}: ${app} does not hold ${edit.file} any more`);
  return join(folder, `${app}.js`);
}

/** Throws where the text does not stand exactly once in the source. */
export function edited(source: string, { file, text, becomes }: Edit): string {
  const [before, ...after] = source.split(text);
  if (before === undefined || after.length !== 1)
    throw new Error(`${file} has ${after.length} times, not once, the text that is to be broken: ${text}`);
  return `${before}${becomes}${after[0]}`;
}
