import type { Result } from "../runner/rounds.ts";
import type { ScenarioName } from "../runner/scenario.ts";

/** A performance goal and the measured figure. The figure is absolute or a ratio to another target's figure. */
export interface Goal {
  readonly text: string;
  /** NaN if it was not measured. */
  readonly figure: number;
  readonly bound: number;
  readonly atMost: boolean;
  readonly digits: number;
  readonly unit: string;
  /** The p99 of an fsync beside the figure, in ms, if the figure waits for fsyncs. */
  readonly fsyncP99?: number;
}

export type Verdict = "met" | "not met" | "not measured";

/** Compares a figure with its bound. */
export function verdictOf({ figure, bound, atMost }: Goal): Verdict {
  if (!Number.isFinite(figure) || !Number.isFinite(bound)) return "not measured";
  return (atMost ? figure <= bound : figure >= bound) ? "met" : "not met";
}

export const atMost = (text: string, figure: number, bound: number, digits = 2, unit = ""): Goal => ({
  ...{ text, figure, bound, digits, unit },
  atMost: true,
});

export const atLeast = (text: string, figure: number, bound: number, digits = 2, unit = ""): Goal => ({
  ...{ text, figure, bound, digits, unit },
  atMost: false,
});

/** Returns a figure of a row, or NaN. */
export type LookUp = (name: ScenarioName, subject: string, load: string, key: string) => number;

/** Finds a figure in the row whose load contains the given text. NaN if there is no such row. */
export function lookUp(results: readonly Result[]): LookUp {
  return (name, subject, load, key) => {
    const rows = results.find((result) => result.name === name)?.rows ?? [];
    const row = rows.find((one) => one.subject === subject && one.load.includes(load));
    return row?.figures[key] ?? Number.NaN;
  };
}

/** Returns the least of the figures that were measured. NaN if none was. */
export function leastOf(figures: readonly number[]): number {
  const measured = figures.filter(Number.isFinite);
  return measured.length > 0 ? Math.min(...measured) : Number.NaN;
}
