import { median } from "@parley/testkit";
import type { Plan } from "./plan.ts";
import type { Case, Column, Row, Scenario } from "./scenario.ts";

/** The result of a scenario. Each figure is the median of its rounds. */
export interface Result {
  readonly name: string;
  readonly title: string;
  readonly notes: readonly string[];
  readonly columns: readonly Column[];
  readonly rows: readonly ResultRow[];
  readonly failures: readonly Failure[];
}

/** The medians of one subject and load over all rounds. */
export interface ResultRow extends Row {
  /** True if the load generator saturated in at least one round, so its own speed limits the figures. */
  readonly loadWasFull: boolean;
  /** True if all cores of the machine were busy in the median round, so the processes waited for each other. */
  readonly machineWasFull: boolean;
}

/** A case, or a part of one, that failed in a round. The other cases go on. */
interface Failure {
  readonly subject: string;
  readonly round: number;
  readonly reason: string;
}

/** A load process that uses more than this share of a core may be slower than the server that it measures. */
export const FULL_SHARE = 0.95;
const FULL_MACHINE_SHARE = 0.97;

/** A case fails after its estimate times TIMEOUT_FACTOR, plus TIMEOUT_EXTRA_SECONDS. */
const TIMEOUT_FACTOR = 5;
const TIMEOUT_EXTRA_SECONDS = 120;

/** Dependencies of `runScenario`. */
export interface RoundDeps {
  readonly plan: Plan;
  readonly log: (text: string) => void;
  /** Waits until other processes are quiet. Called before each turn, and given up after some time. */
  readonly untilQuiet: (log: (text: string) => void) => Promise<void>;
  /** Called before and after each turn of a case. */
  readonly turn: (state: "begins" | "ends", one: Case) => void;
}

/**
 * Runs all cases of a scenario in every round, in alternating order, so that changes on the machine (heat, other
 * load) affect all cases alike. A case that fails is logged and recorded, and the other cases go on.
 */
export async function runScenario(scenario: Scenario, deps: RoundDeps): Promise<Result> {
  const { plan, log, untilQuiet, turn } = deps;
  const rounds: Row[][] = [];
  const failures: Failure[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const rows: Row[] = [];
    for (const one of turnsOf(scenario.cases, round)) {
      const prefix = `${scenario.name} ${round + 1}/${plan.rounds}: `;
      const failed = (subject: string, error: unknown): void => {
        const reason = error instanceof Error ? error.message : String(error);
        log(`${prefix}${subject} FAILED: ${reason}`);
        failures.push({ subject, round: round + 1, reason });
      };
      await untilQuiet((text) => log(prefix + text));
      turn("begins", one);
      try {
        const running = one.run({ plan, log: (text) => log(prefix + text), failed });
        const timeoutSeconds = TIMEOUT_FACTOR * one.seconds(plan) + TIMEOUT_EXTRA_SECONDS;
        rows.push(...(await withTimeout(running, timeoutSeconds)));
      } catch (error) {
        failed(one.name, error);
      }
      turn("ends", one);
    }
    rounds.push(rows);
  }
  const { name, title, notes, columns, cases } = scenario;
  const rows = sortRows(
    mediansOf(rounds),
    cases.map((one) => one.name),
  );
  return { name, title, notes, columns, rows, failures };
}

/**
 * Rejects if `running` takes longer than `seconds`. Processes that the case has started end with this process at the
 * latest.
 */
async function withTimeout<T>(running: Promise<T>, seconds: number): Promise<T> {
  const overdue = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => overdue.reject(new Error(`timed out after ${Math.round(seconds)} s`)),
    seconds * 1000,
  );
  return Promise.race([running, overdue.promise]).finally(() => clearTimeout(timer));
}

/** Returns the cases of a round (from 0) in the order in which they run. */
export function turnsOf(cases: readonly Case[], round: number): readonly Case[] {
  const all = cases.filter(({ roundsItself }) => round === 0 || !roundsItself);
  return round % 2 === 0 ? all : all.toReversed();
}

/**
 * Reduces all rounds to one row per subject and load. The rows keep the order in which subjects and loads first
 * appear.
 */
export function mediansOf(rounds: readonly (readonly Row[])[]): ResultRow[] {
  const groups = Map.groupBy(rounds.flat(), ({ subject, load }) => `${subject}\n${load}`);
  return [...groups.values()].map((rows) => {
    const [{ subject, load, reason }] = rows as [Row];
    const keys = new Set(rows.flatMap(({ figures }) => Object.keys(figures)));
    const figureOf = (key: string) => median(rows.flatMap((row) => row.figures[key] ?? []));
    const tried = rows.filter(({ figures }) => Object.keys(figures).length > 0);
    const loadShares = tried.map((row) => row.loadShare);
    const machineShare = median(tried.map((row) => row.machineShare));
    return {
      subject,
      load,
      ...(reason !== undefined && { reason }),
      figures: Object.fromEntries([...keys].map((key) => [key, figureOf(key)])),
      loadShare: median(loadShares),
      machineShare,
      loadWasFull: loadShares.some((share) => share >= FULL_SHARE),
      machineWasFull: machineShare >= FULL_MACHINE_SHARE,
    };
  });
}

/** Groups rows by load. Within a load, listed subjects come first, in the order of the list. */
function sortRows(rows: readonly ResultRow[], listed: readonly string[]): ResultRow[] {
  const loads = [...new Set(rows.map(({ load }) => load))];
  const subjects = [...new Set([...listed, ...rows.map(({ subject }) => subject)])];
  return rows.toSorted(
    (a, b) =>
      loads.indexOf(a.load) - loads.indexOf(b.load) ||
      subjects.indexOf(a.subject) - subjects.indexOf(b.subject),
  );
}
