import { parseArgs } from "node:util";
import { MEASUREMENTS, type MeasurementName } from "./measurement.ts";

export const HELP = `Measures what Parley costs on this machine, with real processes, Redis and MongoDB of its own.

  npx pnpm@12 bench [--quick] [--only <names>] [--json]

  --quick   one short round of each, about a minute; else the median of three rounds, about five minutes
  --only    some of ${MEASUREMENTS.join(",")}
  --json    the report as JSON on standard output; what is being done stands on standard error in any case

It needs Linux, reads CPU and memory from /proc, and wants a machine that does nothing else meanwhile.
`;

export interface Options {
  readonly quick: boolean;
  readonly json: boolean;
  readonly only: readonly MeasurementName[];
}

/** What was asked for cannot be understood; the message says why. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export function readOptions(argv: readonly string[]): Options | "help" {
  const { quick, json, only, help } = parse(argv);
  if (help) return "help";
  return { quick, json, only: only === undefined ? MEASUREMENTS : namesOf(only) };
}

/** The command that measures the same again. */
export function commandFor({ quick, only }: Options): string {
  const some = only.length < MEASUREMENTS.length ? [`--only ${only.join(",")}`] : [];
  return ["npx pnpm@12 bench", ...(quick ? ["--quick"] : []), ...some].join(" ");
}

function namesOf(list: string): MeasurementName[] {
  const wanted = list.split(",").map((name) => name.trim());
  const unknown = wanted.filter((name) => !MEASUREMENTS.some((known) => known === name));
  if (unknown.length > 0)
    throw new UsageError(`--only knows ${MEASUREMENTS.join(", ")}, not "${unknown.join(", ")}"`);
  return MEASUREMENTS.filter((name) => wanted.includes(name));
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: argv.filter((argument) => argument !== "--"),
      options: {
        quick: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        only: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
