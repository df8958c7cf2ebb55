import { parseArgs } from "node:util";

/** The parsed options of the command line. */
export interface Options {
  readonly help: boolean;
  /** Runs mutants instead of the shipped apps. */
  readonly broken: boolean;
  /** Runs attacks instead of faults. */
  readonly hostile: boolean;
  /** Runs a steady load for `minutes`, without faults. */
  readonly soak: boolean;
  /** The git revision whose build is upgraded to this one, in place of faults. */
  readonly upgrade: string | undefined;
  /** Ids of faults or orders, or names of mutants or attacks. */
  readonly only: readonly string[];
  /** Seed of the first run of each fault. The second run has the next number, and so on. */
  readonly seed: number;
  /** Number of runs of each fault, or of rounds of each attack. */
  readonly times: number;
  /** Number of runs of each random fault (F18, F26). */
  readonly schedules: number;
  /** Duration of a random fault, or of the soak. */
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
  readonly attacks: readonly string[];
  readonly orders: readonly string[];
}

export const SHORT_MINUTES = 0.3;
const HOSTILE_ROUNDS = "3";
/** A shorter soak is only written on request. */
const WRITTEN_SOAK_MINUTES = 30;

export const HELP = `Injects every fault of docs/guarantees.md into a running Parley, and checks that the guarantees hold:
nothing acknowledged is lost, nothing is stored twice, every client sees everything once and in order.

  npx pnpm@12 chaos                    every fault, one after the other; writes docs/faults.md
  npx pnpm@12 chaos --only F3,F9       only these faults
  npx pnpm@12 chaos --short            every fault once, in a short form: about six minutes
  npx pnpm@12 chaos --seed 7           repeats the random choices of an earlier run with this seed
  npx pnpm@12 chaos --minutes 10       duration of F18, everything at once (default 3), and F26 (at most 2)
  npx pnpm@12 chaos --times 3          runs of each fault: the first with the seed, each other with the next number
  npx pnpm@12 chaos --schedules 10     runs of F18 and F26, each with its own schedule (default: as many as --times)
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

  npx pnpm@12 chaos --hostile                      makes every attack; writes its part of docs/faults.md
  npx pnpm@12 chaos --hostile --only sync-loops    only this attack
  npx pnpm@12 chaos --hostile --times 5            rounds of each attack (default 3)
  npx pnpm@12 chaos --hostile --short              one short round of each attack

--hostile measures two users while one client does all it can to harm them, and while the same client does the same work
against a server that discards everything. The exit code is 1 when a user was refused something, when the 99th
percentile of acks or history pages more than doubled, when a new connection took longer than a second, when a process
ended, failed a health check or took more than 400 MiB. An attack whose rounds miss a goal of time gets as many again, and
all count.

  npx pnpm@12 chaos --soak 60                      a steady load for an hour; writes its part of docs/faults.md
  npx pnpm@12 chaos --soak 5                       a short one finds only a fast leak; written from 30 minutes on

--soak looks for what grows: the memory, the heap, descriptors and timers of every process, the keys and memory of Redis.
It judges the time after the first sixth, at most ten minutes. The exit code is 1 when a slope is above its bound, when a
message was lost, doubled or not seen, or when a process ended. Nothing else should run on the machine meanwhile.

  npx pnpm@12 chaos --upgrade v1.2.0               upgrades from this git revision; writes its part of docs/faults.md
  npx pnpm@12 chaos --upgrade main --only g-p-h    only this order: gateways, persisters, history-apis
  npx pnpm@12 chaos --upgrade main --short         one order, in a short form: two to three minutes

--upgrade builds the revision in .cache/chaos/releases, once. For each order of the three apps, and with Redis under
Sentinels, it starts two of each from that build, and replaces them under load with this build, one after the other. Then
it goes back in the reverse order, and does both again. The exit code is 1 when a guarantee fell, when a send was refused,
or when acks, history or storing stalled after a step.
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
        hostile: { type: "boolean", default: false },
        soak: { type: "string" },
        upgrade: { type: "string" },
        only: { type: "string" },
        seed: { type: "string", default: String(Math.floor(random() * 1e6)) },
        times: { type: "string" },
        schedules: { type: "string" },
        minutes: { type: "string", default: "3" },
        parallel: { type: "string", default: "1" },
        short: { type: "boolean", default: false },
        write: { type: "boolean" },
      },
    });
    const { help, broken, hostile, upgrade } = values;
    const soak = values.soak !== undefined;
    checkForms({
      broken,
      hostile,
      soak,
      upgrade: upgrade !== undefined,
      only: values.only !== undefined,
    });
    const short = values.short || broken;
    const times = values.times ?? (hostile ? HOSTILE_ROUNDS : "1");
    const schedules = values.schedules ?? times;
    const numbers = parseNumbers(
      { ...values, times, schedules, minutes: values.soak ?? values.minutes },
      short,
    );
    const isComplete = soak ? numbers.minutes >= WRITTEN_SOAK_MINUTES : broken || !short;
    return {
      help,
      broken,
      hostile,
      soak,
      upgrade,
      only: parseOnly(values.only, kindOf(values), choice, short),
      short,
      ...numbers,
      // By default only a complete run is written. Mutants always run in the short form, so that form is complete.
      write: values.write ?? (values.only === undefined && isComplete),
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Throws unless at most one form is chosen, and one that `--only` applies to. */
function checkForms({
  only,
  ...forms
}: Record<"broken" | "hostile" | "soak" | "upgrade" | "only", boolean>): void {
  const [one, other] = Object.entries(forms).flatMap(([form, isChosen]) => (isChosen ? [`--${form}`] : []));
  if (other !== undefined) throw new RangeError(`${one} and ${other} exclude each other`);
  if (forms.soak && only) throw new RangeError("--soak has no parts to choose with --only");
}

type Numbers = "seed" | "times" | "schedules" | "minutes" | "parallel";

function parseNumbers(texts: Readonly<Record<Numbers, string>>, short: boolean): Pick<Options, Numbers> {
  const integer = (name: Numbers, min: number): number => {
    const value = Number(texts[name]);
    if (Number.isSafeInteger(value) && value >= min) return value;
    throw new RangeError(`--${name} must be a whole number${min > 0 ? " above 0" : ""}`);
  };
  const minutes = Number(texts.minutes);
  if (!(minutes > 0)) throw new RangeError("--minutes and --soak must be a number above 0");
  return {
    seed: integer("seed", 0),
    times: integer("times", 1),
    schedules: integer("schedules", 1),
    minutes: short ? Math.min(minutes, SHORT_MINUTES) : minutes,
    parallel: integer("parallel", 1),
  };
}

const SINGULAR = { faults: "fault", mutants: "broken build", attacks: "attack", orders: "order" } as const;

function kindOf({
  broken,
  hostile,
  upgrade,
}: Partial<Record<"broken" | "hostile", boolean>> & { readonly upgrade?: string | undefined }): keyof Choice {
  if (broken) return "mutants";
  if (hostile) return "attacks";
  return upgrade === undefined ? "faults" : "orders";
}

function parseOnly(
  only: string | undefined,
  kind: keyof Choice,
  choice: Choice,
  short: boolean,
): readonly string[] {
  const all = choice[kind];
  // An upgrade takes minutes even in its short form, which is therefore one order.
  if (only === undefined && kind === "orders" && short) return all.slice(0, 1);
  const names = (kind === "faults" ? only?.toUpperCase() : only?.toLowerCase())?.split(",") ?? all;
  const unknown = names.find((name) => !all.includes(name));
  if (unknown === undefined) return names;
  throw new RangeError(`--only: there is no ${SINGULAR[kind]} ${unknown}; choose from ${all.join(", ")}`);
}
