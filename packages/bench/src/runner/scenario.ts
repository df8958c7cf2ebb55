import type { Plan } from "./plan.ts";

/** Names of all scenarios in the order of the report. `--only` takes them. */
export const SCENARIO_NAMES = [
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
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

/** One benchmark, with a case for each target that supports it. */
export interface Scenario {
  readonly name: ScenarioName;
  readonly title: string;
  /** Notes that a reader needs to interpret the figures. */
  readonly notes: readonly string[];
  readonly columns: readonly Column[];
  /** Cases in the order of the report. They alternate in every round. */
  readonly cases: readonly Case[];
}

/** A column of the report. */
export interface Column {
  readonly key: string;
  readonly title: string;
  /** Digits after the decimal point. */
  readonly digits: number;
  /** Returns a word to show after the figure, if any. */
  readonly mark?: (figures: Figures) => string | undefined;
}

/** Figures by column key. */
export type Figures = Readonly<Record<string, number>>;

/** Measures one target, or another part of the system such as a persister. */
export interface Case {
  /** Unique within its scenario. */
  readonly name: string;
  /** Estimates the duration of `run` in seconds. The displayed time left is based on these estimates. */
  seconds(plan: Plan): number;
  /** Starts what the case needs, measures once and stops everything. */
  run(context: Context): Promise<Row[]>;
  /** Set if the case runs all rounds itself and returns their medians, because its setup is too slow to repeat. */
  readonly roundsItself?: true;
}

/** The figures of one subject at one load. */
export interface Row {
  /** Name of the measured target or part of the system, such as `Parley split` or `two persisters`. */
  readonly subject: string;
  /** The requested load. `subject` and `load` identify the row and are the same in every round. */
  readonly load: string;
  /** Empty if this load was skipped because a smaller load filled the subject. */
  readonly figures: Figures;
  /** CPU of the busiest load process, as a share of one core (0 to 1). */
  readonly loadShare: number;
  /** CPU of all processes, as a share of all cores (0 to 1). */
  readonly machineShare: number;
}

/** Dependencies of a case. */
export interface Context {
  readonly plan: Plan;
  /** Logs the current step. */
  readonly log: (text: string) => void;
  /** Records the failure of one part of a case while its other parts go on. */
  readonly failed: (subject: string, error: unknown) => void;
}
