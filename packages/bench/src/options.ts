import { parseArgs } from "node:util";
import { MEASUREMENTS, type MeasurementName } from "./runner/scenario.ts";

/** What fits into two minutes. */
const QUICK: readonly MeasurementName[] = ["fan-out", "private", "append", "latency", "idle"];

export const HELP = `Measures what Parley costs on this machine beside Socket.IO and the usual ws tutorial, under the same load, with
real processes and with Redis and MongoDB of its own.

  npx pnpm@12 bench [--quick] [--only <names>] [--json] [--write | --no-write]

  --quick      one short round of ${QUICK.join(", ")}: about two minutes;
               else the median of three alternating rounds of everything: about 25 minutes
  --only       some of ${MEASUREMENTS.join(",")}
  --json       the report as JSON on standard output; what is being done stands on standard error in any case
  --write      writes docs/performance.md and its chart: the default where everything is measured in full
  --no-write   writes nothing

It needs Linux, reads CPU and memory from /proc, and wants a machine that does nothing else meanwhile. The first time it
installs the servers to measure beside into packages/bench/peers; where it cannot, it measures Parley alone and says so.
`;

export interface Options {
  readonly quick: boolean;
  readonly json: boolean;
  readonly only: readonly MeasurementName[];
  readonly write: boolean;
}

/** What was asked for cannot be understood; the message says why. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export function readOptions(argv: readonly string[]): Options | "help" {
  const { quick, json, only, write, help } = parse(argv);
  if (help) return "help";
  const isWhole = !quick && only === undefined;
  return { quick, json, only: only === undefined ? allOf(quick) : namesOf(only), write: write ?? isWhole };
}

/** The command that measures the same again. */
export function commandFor({ quick, only }: Options): string {
  const all = allOf(quick);
  const isAll = only.length === all.length && all.every((name) => only.includes(name));
  const some = isAll ? [] : [`--only ${only.join(",")}`];
  return ["npx pnpm@12 bench", ...(quick ? ["--quick"] : []), ...some].join(" ");
}

const allOf = (quick: boolean): readonly MeasurementName[] => (quick ? QUICK : MEASUREMENTS);

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
      allowNegative: true,
      options: {
        quick: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        only: { type: "string" },
        write: { type: "boolean" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
