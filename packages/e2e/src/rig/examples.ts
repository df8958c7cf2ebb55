import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../../../..");
export const EXAMPLES = join(ROOT, "examples");
const CACHE = join(ROOT, ".cache");
const INSTALL_MS = 3 * 60_000;

/** A command and its arguments. */
export type Program = readonly [command: string, ...args: string[]];

/** Returns the command of the Node example. */
export const nodeExample = (): Program => [process.execPath, join(EXAMPLES, "node/chat.js")];

/**
 * Returns the Python example, in a virtual environment with its requirements. Without Python, warns and resolves with
 * undefined.
 */
export async function pythonExample(): Promise<Program | undefined> {
  const probe = ["-c", "import sys, venv, ensurepip; assert sys.version_info >= (3, 10)"];
  if (!(await isRunnable("python3", probe)))
    return skipped("Python", "no python3 (3.10 or newer) with venv and pip");
  const requirements = join(EXAMPLES, "python/requirements.txt");
  const home = join(
    CACHE,
    `examples-python-${readFileSync(requirements, "utf8")
      .trim()
      .replaceAll(/[^\w.]+/g, "-")}`,
  );
  const python = join(home, "bin/python");
  if (!existsSync(home)) {
    // The environment is created under another name and then renamed, so an interrupted installation is never used.
    const draft = `${home}.${process.pid}`;
    await mkdir(CACHE, { recursive: true });
    await run("python3", ["-m", "venv", draft]);
    const pip = [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--no-input",
      "--disable-pip-version-check",
      "-r",
      requirements,
    ];
    await run(join(draft, "bin/python"), pip, { timeout: INSTALL_MS });
    await rename(draft, home).catch(() => rm(draft, { recursive: true }));
  }
  return [python, join(EXAMPLES, "python/chat.py")];
}

/** Returns the bot in Python, which needs no packages. Without Python, warns and resolves with undefined. */
export async function pythonBot(): Promise<Program | undefined> {
  if (!(await isRunnable("python3", ["-c", "import sys; assert sys.version_info >= (3, 10)"])))
    return skipped("Python", "no python3 (3.10 or newer)");
  return ["python3", join(EXAMPLES, "python/bot.py")];
}

/** Builds the Go example and returns its command. Without Go, warns and resolves with undefined. */
export const goExample = (): Promise<Program | undefined> => buildGo(".", "chat");

/** Does the same for the bot in Go. */
export const goBot = (): Promise<Program | undefined> => buildGo("./bot", "bot");

async function buildGo(source: string, name: string): Promise<Program | undefined> {
  const required = /^go (\d+)\.(\d+)/m.exec(readFileSync(join(EXAMPLES, "go/go.mod"), "utf8"));
  const { stdout = "" } = await run("go", ["version"]).catch(() => ({ stdout: "" }));
  const installed = /go(\d+)\.(\d+)/.exec(stdout);
  const isNewEnough =
    installed && required && installed[1] === required[1] && Number(installed[2]) >= Number(required[2]);
  if (!isNewEnough) return skipped("Go", `no go ${required?.[1]}.${required?.[2]} or newer`);
  const program = join(CACHE, "examples-go", name);
  await run("go", ["build", "-o", program, source], { cwd: join(EXAMPLES, "go"), timeout: INSTALL_MS });
  return [program];
}

function skipped(language: string, reason: string): undefined {
  process.stderr.write(`\n*** SKIPPED: the example in ${language}: ${reason}\n\n`);
  return undefined;
}

async function isRunnable(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}
