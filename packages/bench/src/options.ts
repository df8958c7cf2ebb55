import { parseArgs } from "node:util";
import { SCENARIO_NAMES, SCENARIOS, type ScenarioName } from "./runner/scenario.ts";

/** Scenarios of `--quick`. Together they take about two minutes. */
const QUICK: readonly ScenarioName[] = ["fan-out", "private", "append", "latency", "idle"];

/** Seconds of waiting for a quiet machine, in all. */
const WAIT = { full: 600, quick: 60 };

const LISTING = SCENARIO_NAMES.map((name) => `${" ".repeat(17)}${name.padEnd(13)}${SCENARIOS[name]}`);

/** The text of `--help`. */
export const HELP = `Measures Parley's cost on this machine and compares it with Centrifugo's library, Socket.IO and the usual ws tutorial
under the same load. It starts real processes and its own Redis and MongoDB.

  npx pnpm@12 bench [--quick] [--only <names>] [--wait <s>] [--json] [--write | --no-write]

  --quick      Runs one short round of ${QUICK.join(", ")} (about two minutes).
               By default three alternating rounds of everything run (about 40 minutes), and the report has medians.
  --only       Runs some scenarios, separated by commas:
${LISTING.join("\n")}
  --wait       Seconds to wait, in all, for other processes to be quiet before measurements. Default ${WAIT.full}, with --quick ${WAIT.quick}.
               After that it measures all the same, and the report says so.
  --json       Prints the report as JSON to standard output. Progress always goes to standard error.
  --write      Writes docs/performance.md and its chart. This is the default for a full run of everything.
  --no-write   Writes no files.

The benchmark needs Linux, since it reads CPU and memory from /proc, and a machine that is otherwise idle. The first run
installs the other servers into packages/bench/peers. The first run that measures Centrifugo's library (fan-out,
large-room, private, beside, slow-reader, idle) builds a server with it, if \`go\` is on the PATH; Go then downloads the
library. The rows of a server that can't be prepared say why, and everything else is measured.
`;

/** The parsed command line. `only` lists the selected scenarios. */
export interface Options {
  readonly quick: boolean;
  readonly json: boolean;
  readonly only: readonly ScenarioName[];
  readonly write: boolean;
  /** Seconds to wait for a quiet machine, in all. */
  readonly wait: number;
}

/** Thrown if the command line is invalid. The message says why. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Parses the command line. Throws a `UsageError` if it is invalid. */
export function readOptions(argv: readonly string[]): Options | "help" {
  const { quick, json, only, write, wait, help } = parse(argv);
  if (help) return "help";
  const isWhole = !quick && only === undefined;
  return {
    ...{ quick, json, write: write ?? isWhole },
    only: only === undefined ? allOf(quick) : namesOf(only),
    wait: wait === undefined ? WAIT[quick ? "quick" : "full"] : secondsOf(wait),
  };
}

/** Returns the command that runs the same scenarios again. */
export function commandFor({ quick, only }: Options): string {
  const all = allOf(quick);
  const isAll = only.length === all.length && all.every((name) => only.includes(name));
  const some = isAll ? [] : [`--only ${only.join(",")}`];
  return ["npx pnpm@12 bench", ...(quick ? ["--quick"] : []), ...some].join(" ");
}

const allOf = (quick: boolean): readonly ScenarioName[] => (quick ? QUICK : SCENARIO_NAMES);

function namesOf(list: string): ScenarioName[] {
  const wanted = list.split(",").map((name) => name.trim());
  const unknown = wanted.filter((name) => !SCENARIO_NAMES.some((known) => known === name));
  if (unknown.length > 0)
    throw new UsageError(`--only doesn't know "${unknown.join(", ")}", only ${SCENARIO_NAMES.join(", ")}`);
  return SCENARIO_NAMES.filter((name) => wanted.includes(name));
}

function secondsOf(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new UsageError(`--wait needs a number of seconds, not "${text}"`);
  return Number(text);
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: argv.filter((argument) => argument !== "--"),
      allowNegative: true,
      options: {
        quick: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        only: { type: "string" },
        write: { type: "boolean" },
        wait: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
