import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Message } from "@parley/client";
import { check, type Verdict } from "../checker/checker.ts";
import type { House } from "../cluster/cluster.ts";
import { backlog, documents } from "../cluster/log-inspection.ts";
import { type Houses, NEW_HOUSES } from "../cluster/shared-clusters.ts";
import { eventually } from "../eventually.ts";
import type { Fault, Strike } from "../faults/fault.ts";
import { record } from "../report/record.ts";
import { Reader, read } from "../workload/history-reader.ts";
import { Ledger } from "../workload/ledger.ts";
import { Crowd } from "../workload/workload.ts";
import { randomFrom } from "./random.ts";
import { problemsOf, type Result } from "./result.ts";

/** Where it is kept what is known of trials that fell; a folder each. */
export const LOGS = join(import.meta.dirname, "../../../../.cache/chaos");

export interface TrialOptions {
  readonly seed: number;
  readonly short: boolean;
  readonly minutes: number;
  readonly say: (what: string) => void;
  /** Where everything known of it goes if it falls; by default a folder of LOGS with fault and seed in its name. */
  readonly logs?: string;
  /** By default a new one for each trial. */
  readonly houses?: Houses;
}

interface Size {
  readonly clients: number;
  readonly messages: number;
  readonly ratePerSecond: number;
}

/** No faster than a store on two busy cores can be: what fell behind would show how slow the machine is. */
const FULL: Size = { clients: 20, messages: 1_000, ratePerSecond: 25 };
const SHORT: Size = { clients: 20, messages: 200, ratePerSecond: 30 };
/** What no fault but F18 needs; that one has its own minutes besides. */
const MOST_MINUTES = 4;
/** A client that has seen everything must not see more: what would come too often comes within this. */
const STILL_MS = 300;
const CONVERGE_MS = 60_000;

/** Starts a house, lets a crowd talk, strikes, heals, lets all come to rest, and judges what is left. */
export async function trial(fault: Fault, options: TrialOptions): Promise<Result> {
  const why = await fault.impossible?.();
  if (why !== undefined) return { kind: "not made", why };
  const told: string[] = [];
  const say = (what: string): void => {
    told.push(`${new Date().toISOString()} ${what}`);
    options.say(what);
  };
  const { houses = NEW_HOUSES } = options;
  const ledger = new Ledger();
  let house: House | undefined;
  let isWell = false;
  try {
    say("goes into its house");
    house = await houses.take(fault.knobs);
    const result = await inHouse(house, ledger, fault, { ...options, say }).catch(brokenOff);
    isWell = problemsOf(result).length === 0;
    if (!isWell) {
      const folder = options.logs ?? join(LOGS, `${fault.id}-seed-${options.seed}`);
      await record(folder, { how: howOf(fault, options), result, told, ledger, house });
    }
    return result;
  } catch (error) {
    return brokenOff(error);
  } finally {
    if (house) await houses.leave(house, isWell);
  }
}

function howOf({ id }: Fault, { seed, minutes, short }: TrialOptions): string {
  return `npx pnpm@12 chaos --only ${id} --seed ${seed} ${short ? "--short" : `--minutes ${minutes}`}`;
}

async function inHouse(house: House, ledger: Ledger, fault: Fault, options: TrialOptions): Promise<Result> {
  const size = sizeOf(fault, options);
  const { say } = options;
  const crowd = await Crowd.gather(house, ledger, {
    ...size,
    random: randomFrom(options.seed),
    name: fault.id,
  });
  const reader = new Reader(house, ledger);
  try {
    crowd.start();
    await crowd.untilSent(size.messages / 6);
    say("strikes");
    const limitMs = (options.minutes + MOST_MINUTES) * 60_000;
    const overdue = delay(limitMs, undefined, { ref: false }).then(() => {
      throw new Error(`the fault was not over after ${limitMs / 1000} s`);
    });
    const strike = await Promise.race([fault.run({ ...options, house, crowd, reader }), overdue]);
    say("heals");
    await crowd.untilSent(size.messages);
    await crowd.stop();
    await reader.stop();
    say("comes to rest");
    const verdict = await judged(house, ledger, strike);
    return { kind: "made", strike, verdict, problems: allProblems(strike, verdict, reader, !options.short) };
  } finally {
    crowd.close();
    await reader.stop();
  }
}

function sizeOf({ ratePerSecond = Number.POSITIVE_INFINITY }: Fault, { short }: TrialOptions): Size {
  const size = short ? SHORT : FULL;
  return { ...size, ratePerSecond: Math.min(size.ratePerSecond, ratePerSecond) };
}

function allProblems(strike: Strike, verdict: Verdict, reader: Reader, isTimed: boolean): string[] {
  const lacked = [...reader.missing].filter((id) => !strike.destroyed?.has(id));
  return [
    ...(strike.struck > 0 ? [] : [`it never struck: 0 ${strike.of}`]),
    ...(strike.problems ?? []),
    ...(isTimed ? (strike.late ?? []) : []),
    ...verdict.problems,
    ...(lacked.length === 0
      ? []
      : [`P56: history lacked ${lacked.length} that were acknowledged, such as ${lacked[0]}`]),
    ...(reader.answers > 0 ? [] : ["history never answered"]),
  ];
}

/** Waits until everything is stored and seen, then reads all there is; what never comes is what the checker finds. */
async function judged(house: House, ledger: Ledger, strike: Strike): Promise<Verdict> {
  await eventually("the backlog to be stored", async () => ((await backlog(house)) === 0 ? true : undefined));
  // What was there before is another trial's, whose house this was.
  const isOwn = ({ id }: { readonly id: string }): boolean => id > ledger.began;
  const history = (await everything(house, ledger)).filter(isOwn);
  const rows = await documents(house);
  const database = rows.map(({ _id, ...rest }) => ({ id: _id, ...rest })).filter(isOwn);
  const judge = () =>
    check({
      sends: ledger.sends,
      observations: ledger.observations,
      history,
      database,
      ...(strike.destroyed && { destroyed: strike.destroyed }),
    });
  const seenAll = () => (judge().counts.unseen === 0 ? true : undefined);
  await eventually("every client to see everything", seenAll, CONVERGE_MS).catch(() => undefined);
  await delay(STILL_MS);
  return judge();
}

/** One conversation after the other, each until it is answered whole. */
async function everything(house: House, ledger: Ledger): Promise<Message[]> {
  const messages: Message[] = [];
  for (const [one, other] of ledger.conversations()) {
    const [user, path] = one === "" ? ["reader", "/messages"] : [one, `/messages/${other}`];
    messages.push(...(await eventually(`history of ${path}`, () => read(house, user, path))));
  }
  return messages;
}

function brokenOff(error: unknown): Result {
  if (!(error instanceof Error)) return { kind: "broken", why: String(error) };
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  const why = `${error.message}${cause}`.split("\n").slice(0, 2).join(" ").slice(0, 600);
  return { kind: "broken", why };
}
