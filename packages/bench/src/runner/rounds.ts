import type { Plan } from "./plan.ts";
import type { Case, Column, Measurement, Row } from "./scenario.ts";
import { median } from "./statistics.ts";

/** The figures of a measurement: of every figure the median of its rounds. */
export interface Result {
  readonly name: string;
  readonly title: string;
  readonly notes: readonly string[];
  readonly columns: readonly Column[];
  readonly rows: readonly ResultRow[];
  readonly failures: readonly Failure[];
}

export interface ResultRow extends Row {
  /** In a round at least, the load generator was full: its own speed is in the figures. */
  readonly loadWasFull: boolean;
  /** In the median round, no core of the machine had time left: what was measured had to wait for one. */
  readonly machineWasFull: boolean;
}

/** A measurement that came to nothing, while the others went on. */
interface Failure {
  readonly subject: string;
  readonly round: number;
  readonly reason: string;
}

/** Above it a load process is no longer sure to be faster than what it measures. */
export const FULL_SHARE = 0.95;
const FULL_MACHINE_SHARE = 0.97;

/** Beyond that many times what it was to take, and these seconds, a case hangs. */
const MOST_TIMES = 5;
const MOST_MORE_SECONDS = 120;

export interface Setting {
  readonly plan: Plan;
  readonly say: (text: string) => void;
  /** Called before and after each turn of a case. */
  readonly turn: (state: "begins" | "ends", one: Case) => void;
}

/**
 * Everyone is measured in every round, and the order turns round each time: what changes on the machine in the
 * meantime (heat, neighbours) meets all of them. What fails is said, and the others go on.
 */
export async function measure(measurement: Measurement, { plan, say, turn }: Setting): Promise<Result> {
  const rounds: Row[][] = [];
  const failures: Failure[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const rows: Row[] = [];
    for (const one of turnsOf(measurement.cases, round)) {
      const prefix = `${measurement.name} ${round + 1}/${plan.rounds}: `;
      const failed = (subject: string, error: unknown): void => {
        const reason = error instanceof Error ? error.message : String(error);
        say(`${prefix}${subject} FAILED: ${reason}`);
        failures.push({ subject, round: round + 1, reason });
      };
      turn("begins", one);
      try {
        const running = one.run({ plan, say: (text) => say(prefix + text), failed });
        rows.push(...(await inTime(running, MOST_TIMES * one.seconds(plan) + MOST_MORE_SECONDS)));
      } catch (error) {
        failed(one.name, error);
      }
      turn("ends", one);
    }
    rounds.push(rows);
  }
  const { name, title, notes, columns, cases } = measurement;
  const rows = inOrder(
    mediansOf(rounds),
    cases.map((one) => one.name),
  );
  return { name, title, notes, columns, rows, failures };
}

/** Rejects where it takes longer. What it had started ends with this process at the latest. */
async function inTime<T>(running: Promise<T>, seconds: number): Promise<T> {
  const overdue = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => overdue.reject(new Error(`it was not done after ${Math.round(seconds)} s`)),
    seconds * 1000,
  );
  return Promise.race([running, overdue.promise]).finally(() => clearTimeout(timer));
}

/** Who is measured in a round (from 0), and in what order. */
export function turnsOf(cases: readonly Case[], round: number): readonly Case[] {
  const all = cases.filter(({ roundsItself }) => round === 0 || !roundsItself);
  return round % 2 === 0 ? all : all.toReversed();
}

/** By subject and load, in the order in which they first came. */
export function mediansOf(rounds: readonly (readonly Row[])[]): ResultRow[] {
  const groups = Map.groupBy(rounds.flat(), ({ subject, load }) => `${subject}\n${load}`);
  return [...groups.values()].map((rows) => {
    const [{ subject, load }] = rows as [Row];
    const keys = new Set(rows.flatMap(({ figures }) => Object.keys(figures)));
    const figureOf = (key: string) => median(rows.flatMap((row) => row.figures[key] ?? []));
    const tried = rows.filter(({ figures }) => Object.keys(figures).length > 0);
    const loadShares = tried.map((row) => row.loadShare);
    const machineShare = median(tried.map((row) => row.machineShare));
    return {
      subject,
      load,
      figures: Object.fromEntries([...keys].map((key) => [key, figureOf(key)])),
      loadShare: median(loadShares),
      machineShare,
      loadWasFull: loadShares.some((share) => share >= FULL_SHARE),
      machineWasFull: machineShare >= FULL_MACHINE_SHARE,
    };
  });
}

/** The same load beside the same load, and within it the subjects as they are listed, others after them. */
function inOrder(rows: readonly ResultRow[], listed: readonly string[]): ResultRow[] {
  const loads = [...new Set(rows.map(({ load }) => load))];
  const subjects = [...new Set([...listed, ...rows.map(({ subject }) => subject)])];
  return rows.toSorted(
    (a, b) =>
      loads.indexOf(a.load) - loads.indexOf(b.load) ||
      subjects.indexOf(a.subject) - subjects.indexOf(b.subject),
  );
}
