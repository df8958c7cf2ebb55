import { existsSync } from "node:fs";
import { ServerUnavailable } from "@parley/local";
import { HELP, readOptions, UsageError } from "./options.ts";
import { reportText } from "./report/report.ts";
import { writeReport } from "./report/write.ts";
import { inWords } from "./runner/progress.ts";
import { run } from "./runner/run.ts";

/** On a terminal one line that changes, and one that stays for what went wrong. */
function say(text: string, left?: number): void {
  const seconds = (performance.now() / 1000).toFixed(0).padStart(4);
  const line = `[${seconds} s${left === undefined ? "" : `, about ${inWords(left)} left`}] ${text}`;
  const { isTTY, columns = 80 } = process.stderr;
  const stays = !isTTY || /[A-Z]{5}/.test(text);
  const shown = isTTY ? `\r\x1b[K${stays ? line : line.slice(0, columns - 1)}` : line;
  process.stderr.write(stays ? `${shown}\n` : shown);
}

async function main(argv: readonly string[]): Promise<string> {
  const options = readOptions(argv);
  if (options === "help") return HELP;
  if (!existsSync("/proc/self/stat")) throw new UsageError("CPU time is read from /proc: it needs Linux");
  const report = await run(options, { say });
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  if (options.write) await writeReport(report, say);
  return options.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report);
}

try {
  const text = await main(process.argv.slice(2));
  // A measurement that was given up may still hold the process.
  process.stdout.write(text, () => process.exit());
} catch (error) {
  if (!(error instanceof UsageError || error instanceof ServerUnavailable)) throw error;
  process.stderr.write(`bench: ${error.message}\n       --help says more\n`);
  process.exitCode = 1;
}
