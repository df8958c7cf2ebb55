import type { Plan } from "./plan.ts";

export const MEASUREMENTS = [
  "fan-out",
  "large-room",
  "private",
  "beside",
  "slow-reader",
  "append",
  "latency",
  "idle",
  "persister",
  "history",
] as const;
export type MeasurementName = (typeof MEASUREMENTS)[number];

/** One thing that is measured, of everyone who can do it. */
export interface Measurement {
  readonly name: MeasurementName;
  readonly title: string;
  /** What a reader must know to read the figures right. */
  readonly notes: readonly string[];
  readonly columns: readonly Column[];
  /** They take turns in every round. In the order of the report. */
  readonly cases: readonly Case[];
}

export interface Column {
  readonly key: string;
  readonly title: string;
  /** Digits after the point. */
  readonly digits: number;
  /** A word to stand beside the figure, where there is something to say. */
  readonly mark?: (figures: Figures) => string | undefined;
}

/** By the columns' keys. */
export type Figures = Readonly<Record<string, number>>;

/** Whom a measurement measures, and how. */
export interface Case {
  /** Unique in its measurement. */
  readonly name: string;
  /** About how long `run` takes, for the time left. */
  seconds(plan: Plan): number;
  /** Starts what it needs, measures once and stops it. */
  run(context: Context): Promise<Row[]>;
  /** It makes its rounds itself and gives their medians: what it begins with takes too long to be done every time. */
  readonly roundsItself?: true;
}

export interface Row {
  readonly subject: string;
  /** What was asked of it; with `subject` it names the row. The same ones in every round. */
  readonly load: string;
  /** None where it was not tried: the subject was full with less. */
  readonly figures: Figures;
  /** How much of a core the busiest load process took, 0 to 1. */
  readonly loadShare: number;
  /** How much of all cores was in use, by whomever, 0 to 1. */
  readonly machineShare: number;
}

export interface Context {
  readonly plan: Plan;
  /** Says what is being done. */
  readonly say: (text: string) => void;
  /** A part of a case came to nothing, and its other parts go on. */
  readonly failed: (subject: string, error: unknown) => void;
}
