import { existsSync } from "node:fs";
import { ServerUnavailable } from "@parley/local";
import type { Measurement } from "./measurement.ts";
import { append } from "./measurements/append.ts";
import { fanOut } from "./measurements/fan-out.ts";
import { history } from "./measurements/history.ts";
import { idle } from "./measurements/idle.ts";
import { persister } from "./measurements/persister.ts";
import { commandFor, HELP, type Options, readOptions, UsageError } from "./options.ts";
import { planFor } from "./plan.ts";
import { describeMachine } from "./report/machine.ts";
import { type Report, reportText } from "./report/report.ts";
import { measure, type Result } from "./rounds.ts";
import { parley } from "./subjects/parley.ts";

const ALL: readonly Measurement[] = [fanOut, append, persister, history, idle];
/** What is measured under the same load, one beside the other. */
const SUBJECTS = [parley];

function say(text: string): void {
  const seconds = performance.now() / 1000;
  process.stderr.write(`[${seconds.toFixed(0).padStart(4)} s] ${text}\n`);
}

async function run(options: Options): Promise<Report> {
  if (!existsSync("/proc/self/stat")) throw new UsageError("CPU time is read from /proc: it needs Linux");
  const plan = planFor(options.quick);
  say("finding Redis and MongoDB");
  const machine = await describeMachine();
  const results: Result[] = [];
  for (const measurement of ALL.filter(({ name }) => options.only.includes(name))) {
    results.push(await measure(measurement, { plan, subjects: SUBJECTS, say }));
  }
  return { machine, rounds: plan.rounds, command: commandFor(options), results };
}

async function main(argv: readonly string[]): Promise<string> {
  const options = readOptions(argv);
  if (options === "help") return HELP;
  const report = await run(options);
  return options.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report);
}

try {
  process.stdout.write(await main(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError || error instanceof ServerUnavailable)) throw error;
  process.stderr.write(`bench: ${error.message}\n       --help says more\n`);
  process.exitCode = 1;
}
