import type { Plan } from "./plan.ts";
import type { Subject } from "./subject.ts";

export const MEASUREMENTS = ["fan-out", "append", "persister", "history", "idle"] as const;
export type MeasurementName = (typeof MEASUREMENTS)[number];

/** One thing that is measured. */
export interface Measurement {
  readonly name: MeasurementName;
  readonly title: string;
  /** What a reader must know to read the figures right. */
  readonly notes: readonly string[];
  readonly columns: readonly Column[];
  /** Starts what it needs, measures once and stops it. The same labels in every round. */
  round(context: Context): Promise<Row[]>;
}

export interface Column {
  readonly key: string;
  readonly title: string;
  /** Digits after the point. */
  readonly digits: number;
}

export interface Row {
  readonly label: string;
  /** By the columns' keys. */
  readonly figures: Readonly<Record<string, number>>;
  /** How much of a core the busiest load process took, 0 to 1. */
  readonly loadShare: number;
}

export interface Context {
  readonly plan: Plan;
  /** In the order of this round: it changes from round to round. */
  readonly subjects: readonly Subject[];
  /** Says what is being done. */
  readonly say: (text: string) => void;
}
