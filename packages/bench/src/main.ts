import { existsSync } from "node:fs";
import { ensureBuilt, ServerUnavailable } from "@parley/local";
import { HELP, readOptions, UsageError } from "./options.ts";
import { reportText } from "./report/report.ts";
import { writeReport } from "./report/write.ts";
import { formatDuration } from "./runner/progress.ts";
import { run } from "./runner/run.ts";

/**
 * Logs to standard error. On a terminal, each line replaces the previous one, but lines that report a failure stay.
 */
function log(text: string, secondsLeft?: number): void {
  const seconds = (performance.now() / 1000).toFixed(0).padStart(4);
  const left = secondsLeft === undefined ? "" : `, about ${formatDuration(secondsLeft)} left`;
  const line = `[${seconds} s${left}] ${text}`;
  const { isTTY, columns = 80 } = process.stderr;
  const stays = !isTTY || /[A-Z]{5}/.test(text);
  const shown = isTTY ? `\r\x1b[K${stays ? line : line.slice(0, columns - 1)}` : line;
  process.stderr.write(stays ? `${shown}\n` : shown);
}

async function main(argv: readonly string[]): Promise<string> {
  const options = readOptions(argv);
  if (options === "help") return HELP;
  if (!existsSync("/proc/self/stat"))
    throw new UsageError("the benchmark needs Linux: it reads CPU time from /proc");
  ensureBuilt();
  const report = await run(options, { log });
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  if (options.write) await writeReport(report, log);
  return options.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report);
}

try {
  const text = await main(process.argv.slice(2));
  // Exits explicitly, because a case that timed out may still keep the process alive.
  process.stdout.write(text, () => process.exit());
} catch (error) {
  if (!(error instanceof UsageError || error instanceof ServerUnavailable)) throw error;
  process.stderr.write(`bench: ${error.message}\n       Run with --help for usage.\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
