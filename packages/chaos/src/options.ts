import { parseArgs } from "node:util";

/** The command line. */
export interface Options {
  readonly help: boolean;
  /** Runs mutants instead of the shipped apps. */
  readonly broken: boolean;
  /** Ids of faults, or names of mutants. */
  readonly only: readonly string[];
  /** Seed of the first run of each fault. The second run has the next number, and so on. */
  readonly seed: number;
  /** Number of runs of each fault. */
  readonly times: number;
  /** Number of runs of each random fault (F18). */
  readonly schedules: number;
  /** Duration of F18. */
  readonly minutes: number;
  /** Number of runs at the same time. */
  readonly parallel: number;
  readonly short: boolean;
  /** True to write docs/faults.md. */
  readonly write: boolean;
}

/** Names that `--only` accepts. */
export interface Choice {
  readonly faults: readonly string[];
  readonly mutants: readonly string[];
}

export const SHORT_MINUTES = 0.3;

export const HELP = `Injects every fault of docs/guarantees.md into a running Parley, and checks that the guarantees hold:
nothing acknowledged is lost, nothing is stored twice, every client sees everything once and in order.

  npx pnpm@12 chaos                    every fault, one after the other; writes docs/faults.md
  npx pnpm@12 chaos --only F3,F9       only these faults
  npx pnpm@12 chaos --short            every fault once, in a short form: under four minutes
  npx pnpm@12 chaos --seed 7           repeats the random choices of an earlier run with this seed
  npx pnpm@12 chaos --minutes 10       duration of F18, everything at once (default 3)
  npx pnpm@12 chaos --times 3          runs of each fault: the first with the seed, each other with the next number
  npx pnpm@12 chaos --schedules 10     runs of F18, each with its own schedule (default: as many as --times)
  npx pnpm@12 chaos --parallel 3       runs at the same time, each in its own cluster (default 1)
  npx pnpm@12 chaos --write            writes docs/faults.md after any run; --no-write never does

The series that docs/faults.md shows:

  npx pnpm@12 chaos --times 3 --schedules 10 --minutes 2 --parallel 3

The exit code is 0 when every guarantee held, and 1 when one fell. Then .cache/chaos has a folder for each run that fell,
with the violations, the sends, and the logs of all processes. F17 needs libfaketime, where \`apt install faketime\`
installs it or at the path in FAKETIME_LIB.

  npx pnpm@12 chaos --broken                       checks the checker; writes its part of docs/faults.md
  npx pnpm@12 chaos --broken --only no-dedupe      only this build

--broken runs builds that break one promise on purpose, each under one fault in its short form. The checker must detect
each build by the promise that it breaks. The exit code is 0 when it did. The builds are in .cache/chaos/broken and
never in what is shipped.
`;

/** Parses the command line. Returns an error text when it is invalid. Without --seed, `random` chooses the seed. */
export function parseOptions(
  args: readonly string[],
  choice: Choice,
  random: () => number = Math.random,
): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        help: { type: "boolean", default: false },
        broken: { type: "boolean", default: false },
        only: { type: "string" },
        seed: { type: "string", default: String(Math.floor(random() * 1e6)) },
        times: { type: "string", default: "1" },
        schedules: { type: "string" },
        minutes: { type: "string", default: "3" },
        parallel: { type: "string", default: "1" },
        short: { type: "boolean", default: false },
        write: { type: "boolean" },
      },
    });
    const { help, broken } = values;
    const short = values.short || broken;
    return {
      help,
      broken,
      only: parseOnly(values.only, broken, choice),
      short,
      ...parseNumbers({ ...values, schedules: values.schedules ?? values.times }, short),
      // By default only a complete run is written. Mutants always run in the short form, so that form is complete.
      write: values.write ?? (values.only === undefined && (broken || !short)),
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

type Numbers = "seed" | "times" | "schedules" | "minutes" | "parallel";

function parseNumbers(texts: Readonly<Record<Numbers, string>>, short: boolean): Pick<Options, Numbers> {
  const integer = (name: Numbers, min: number): number => {
    const value = Number(texts[name]);
    if (Number.isSafeInteger(value) && value >= min) return value;
    throw new RangeError(`--${name} must be a whole number${min > 0 ? " above 0" : ""}`);
  };
  const minutes = Number(texts.minutes);
  if (!(minutes > 0)) throw new RangeError("--minutes must be a number above 0");
  return {
    seed: integer("seed", 0),
    times: integer("times", 1),
    schedules: integer("schedules", 1),
    minutes: short ? Math.min(minutes, SHORT_MINUTES) : minutes,
    parallel: integer("parallel", 1),
  };
}

function parseOnly(
  only: string | undefined,
  broken: boolean,
  { faults, mutants }: Choice,
): readonly string[] {
  const all = broken ? mutants : faults;
  const names = (broken ? only?.toLowerCase() : only?.toUpperCase())?.split(",") ?? all;
  const unknown = names.find((name) => !all.includes(name));
  if (unknown === undefined) return names;
  throw new RangeError(
    `--only: there is no ${broken ? "broken build" : "fault"} ${unknown}; choose from ${all.join(", ")}`,
  );
}
