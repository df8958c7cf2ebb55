import { parseArgs } from "node:util";

export interface Options {
  readonly help: boolean;
  /** Broken builds are run, each against its fault. */
  readonly broken: boolean;
  /** Ids of faults, or names of broken builds. */
  readonly only: readonly string[];
  /** Of the first run of each; the second has the next number, and so on. */
  readonly seed: number;
  /** How often each is run. */
  readonly times: number;
  /** How often those are run that draw what they do from the seed: F18. */
  readonly schedules: number;
  /** How long F18 goes on. */
  readonly minutes: number;
  /** How many runs there are beside each other. */
  readonly parallel: number;
  readonly short: boolean;
  /** Whether docs/faults.md is written. */
  readonly write: boolean;
}

/** What there is to choose from. */
export interface Choice {
  readonly faults: readonly string[];
  readonly mutants: readonly string[];
}

export const SHORT_MINUTES = 0.3;

export const HELP = `Breaks a Parley of real processes in every way of docs/guarantees.md, and checks what must hold:
nothing acknowledged is lost, nothing is there twice, every client sees everything once and in order.

  npx pnpm@12 chaos                    every fault, one after the other; writes docs/faults.md
  npx pnpm@12 chaos --only F3,F9       these alone
  npx pnpm@12 chaos --short            every fault once, small: under four minutes
  npx pnpm@12 chaos --seed 7           what is random, as it was in another run with this seed
  npx pnpm@12 chaos --minutes 10       how long F18, everything at once, goes on (default 3)
  npx pnpm@12 chaos --times 3          every fault so often: with the seed, the one after it, and so on
  npx pnpm@12 chaos --schedules 10     F18 so often (default: as --times says), each a schedule of its own
  npx pnpm@12 chaos --parallel 3       so many runs beside each other, each in a house of its own (default 1)
  npx pnpm@12 chaos --write            writes docs/faults.md after any run; --no-write after none

The series that docs/faults.md shows:

  npx pnpm@12 chaos --times 3 --schedules 10 --minutes 2 --parallel 3

Ends with 0 where every guarantee held, 1 where one fell: then .cache/chaos has a folder for each run that fell, with
what was found, what was sent, and the logs of its processes. F17 needs libfaketime, where \`apt install faketime\` puts
it or where FAKETIME_LIB says.

  npx pnpm@12 chaos --broken                       checks the checker; writes its part of docs/faults.md
  npx pnpm@12 chaos --broken --only no-dedupe      this one alone

Builds that break a promise on purpose, each under a fault, small: the checker must find out every one of them, for
what it does wrong. Ends with 0 where it did. They are made in .cache/chaos/broken, never in what is shipped.
`;

/** Or what is wrong with them, in words. `random` gives the seed where none is named. */
export function optionsFrom(
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
      only: chosen(values.only, broken, choice),
      short,
      ...numbersFrom({ ...values, schedules: values.schedules ?? values.times }, short),
      // By default a run that shows all there is to show: small only where it is never anything else.
      write: values.write ?? (values.only === undefined && (broken || !short)),
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

type Numbers = "seed" | "times" | "schedules" | "minutes" | "parallel";

/** Throws with what is wrong. */
function numbersFrom(words: Readonly<Record<Numbers, string>>, short: boolean): Pick<Options, Numbers> {
  const whole = (name: Numbers, least: number): number => {
    const value = Number(words[name]);
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new RangeError(`--${name} must be a whole number${least > 0 ? " above 0" : ""}`);
  };
  const minutes = Number(words.minutes);
  if (!(minutes > 0)) throw new RangeError("--minutes must be a number above 0");
  return {
    seed: whole("seed", 0),
    times: whole("times", 1),
    schedules: whole("schedules", 1),
    minutes: short ? Math.min(minutes, SHORT_MINUTES) : minutes,
    parallel: whole("parallel", 1),
  };
}

/** Throws with what there is, where something is named that is not. */
function chosen(only: string | undefined, broken: boolean, { faults, mutants }: Choice): readonly string[] {
  const all = broken ? mutants : faults;
  const some = (broken ? only?.toLowerCase() : only?.toUpperCase())?.split(",") ?? all;
  const unknown = some.find((name) => !all.includes(name));
  if (unknown === undefined) return some;
  throw new RangeError(
    `there is no ${broken ? "broken build" : "fault"} ${unknown}: they are ${all.join(", ")}`,
  );
}
