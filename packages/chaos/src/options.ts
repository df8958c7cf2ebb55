import { parseArgs } from "node:util";

export interface Options {
  readonly help: boolean;
  /** Ids of faults. */
  readonly only: readonly string[];
  readonly seed: number;
  /** How long F18 goes on. */
  readonly minutes: number;
  readonly short: boolean;
  /** Whether docs/faults.md is written. */
  readonly write: boolean;
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
`;

/** Or what is wrong with them, in words. `random` gives the seed where none is named. */
export function optionsFrom(
  args: readonly string[],
  ids: readonly string[],
  random: () => number = Math.random,
): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        help: { type: "boolean", default: false },
        only: { type: "string" },
        seed: { type: "string" },
        minutes: { type: "string", default: "3" },
        short: { type: "boolean", default: false },
        write: { type: "boolean" },
      },
    });
    const only = values.only?.toUpperCase().split(",") ?? ids;
    const unknown = only.find((id) => !ids.includes(id));
    if (unknown !== undefined) return `there is no fault ${unknown}: they are ${ids.join(", ")}`;
    const seed = Number(values.seed ?? Math.floor(random() * 1e6));
    const minutes = Number(values.minutes);
    if (!Number.isSafeInteger(seed) || seed < 0) return "--seed must be a whole number";
    if (!(minutes > 0)) return "--minutes must be a number above 0";
    const { help, short } = values;
    const write = values.write ?? (!short && values.only === undefined);
    return { help, only, seed, minutes: short ? Math.min(minutes, SHORT_MINUTES) : minutes, short, write };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
