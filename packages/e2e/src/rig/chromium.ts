import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { CACHE, installOnce } from "@parley/local";
import type { LaunchOptions } from "playwright-core";

const PACKAGE = "@sparticuz/chromium";
const UNPACKING = fileURLToPath(new URL("./chromium.child.ts", import.meta.url));

/** Where the package's binary runs. Elsewhere only a Chrome that is installed will do. */
export const comesWithChromium = process.platform === "linux" && process.arch === "x64";

/** Which browser to launch: the package's, unpacked once into `.cache/` for all processes, or the installed Chrome. */
export async function whichChromium(): Promise<LaunchOptions> {
  if (!comesWithChromium) return { channel: "chrome" };
  const manifest = findPackageJSON(PACKAGE, import.meta.url);
  if (manifest === undefined) throw new Error(`${PACKAGE} is not installed`);
  const { version } = JSON.parse(await readFile(manifest, "utf8"));
  const home = join(CACHE, `chromium-${version}`);
  await installOnce(home, unpack);
  // Libraries that a small image may lack come with it.
  const env = { ...process.env, LD_LIBRARY_PATH: join(home, "al2023/lib") };
  return { executablePath: join(home, "chromium"), env };
}

/**
 * The package unpacks into the folder for temporary files, file by file, where it takes for whole what another process
 * has only begun to write. So it is given one of its own, and told to be where it brings all its libraries along.
 */
async function unpack(draft: string): Promise<void> {
  await mkdir(draft);
  const env = { ...process.env, TMPDIR: draft, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x" };
  await promisify(execFile)(process.execPath, [UNPACKING], { env });
}
