import { parseArgs } from "node:util";

export interface Options {
  readonly help: boolean;
  /** Broken builds are run, each against its fault. */
  readonly broken: boolean;
  /** Ids of faults, or names of broken builds. */
  readonly only: readonly string[];
  readonly seed: number;
  /** How long F18 goes on. */
  readonly minutes: number;
  readonly short: boolean;
  /** Whether docs/faults.md is written. */
  readonly write: boolean;
}

/** What there is to choose from. */
export interface Choice {
  readonly faults: readonly string[];
  readonly builds: readonly string[];
}

export const SHORT_MINUTES = 0.3;

export const HELP = `Breaks a Parley of real processes in every way of docs/guarantees.md, and checks what must hold:
nothing acknowledged is lost, nothing is there twice, every client sees everything once and in order.

  npx pnpm@12 chaos                    every fault, one after the other; writes docs/faults.md
  npx pnpm@12 chaos --only F3,F9       these alone
  npx pnpm@12 chaos --short            every fault once, small: under four minutes
  npx pnpm@12 chaos --seed 7           what is random, as it was in another run with this seed
  npx pnpm@12 chaos --minutes 10       how long F18, everything at once, goes on (default 3)
  npx pnpm@12 chaos --write            writes docs/faults.md after any run; --no-write after none

Ends with 0 where every guarantee held, 1 where one fell. F17 needs libfaketime, where \`apt install faketime\` puts it
or where FAKETIME_LIB says.

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
        seed: { type: "string" },
        minutes: { type: "string", default: "3" },
        short: { type: "boolean", default: false },
        write: { type: "boolean" },
      },
    });
    const { help, broken } = values;
    const only = chosen(values.only, broken, choice);
    if (typeof only === "string") return only;
    const short = values.short || broken;
    const seed = Number(values.seed ?? Math.floor(random() * 1e6));
    const minutes = Number(values.minutes);
    if (!Number.isSafeInteger(seed) || seed < 0) return "--seed must be a whole number";
    if (!(minutes > 0)) return "--minutes must be a number above 0";
    // By default a run that shows all there is to show: small only where it is never anything else.
    const write = values.write ?? (values.only === undefined && (broken || !short));
    return {
      help,
      broken,
      only,
      seed,
      minutes: short ? Math.min(minutes, SHORT_MINUTES) : minutes,
      short,
      write,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function chosen(
  only: string | undefined,
  broken: boolean,
  { faults, builds }: Choice,
): readonly string[] | string {
  const all = broken ? builds : faults;
  const some = (broken ? only?.toLowerCase() : only?.toUpperCase())?.split(",") ?? all;
  const unknown = some.find((name) => !all.includes(name));
  if (unknown === undefined) return some;
  return `there is no ${broken ? "broken build" : "fault"} ${unknown}: they are ${all.join(", ")}`;
}
