import type { Column, Measurement, Row } from "./measurement.ts";
import type { Plan } from "./plan.ts";
import { median } from "./statistics.ts";
import type { Subject } from "./subject.ts";

/** The figures of a measurement: of every figure the median of its rounds. */
export interface Result {
  readonly name: string;
  readonly title: string;
  readonly notes: readonly string[];
  readonly columns: readonly Column[];
  readonly rows: readonly ResultRow[];
}

export interface ResultRow extends Row {
  /** In a round at least, the load generator was full: its own speed is in the figures. */
  readonly loadWasFull: boolean;
}

/** Above it a load process is no longer sure to be faster than what it measures. */
const FULL_SHARE = 0.9;

/**
 * Every subject is measured in every round, and the order turns round each time: what changes on the machine in the
 * meantime (heat, neighbours) meets all of them.
 */
export async function measure(
  measurement: Measurement,
  { plan, subjects, say }: { plan: Plan; subjects: readonly Subject[]; say: (text: string) => void },
): Promise<Result> {
  const rounds: Row[][] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const ordered = round % 2 === 0 ? subjects : subjects.toReversed();
    const prefix = `${measurement.name} ${round + 1}/${plan.rounds}: `;
    rounds.push(await measurement.round({ plan, subjects: ordered, say: (text) => say(prefix + text) }));
  }
  const { name, title, notes, columns } = measurement;
  return { name, title, notes, columns, rows: mediansOf(rounds) };
}

/** By label, in the order of the first round. */
export function mediansOf(rounds: readonly (readonly Row[])[]): ResultRow[] {
  return (rounds[0] ?? []).map(({ label, figures }) => {
    const rows = rounds.flatMap((round) => round.filter((row) => row.label === label));
    const shares = rows.map((row) => row.loadShare);
    return {
      label,
      figures: Object.fromEntries(
        Object.keys(figures).map((key) => [key, median(rows.map((row) => row.figures[key] ?? Number.NaN))]),
      ),
      loadShare: median(shares),
      loadWasFull: shares.some((share) => share > FULL_SHARE),
    };
  });
}
