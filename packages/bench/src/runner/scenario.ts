import type { Plan } from "./plan.ts";

/** All scenarios in the order of the report, and what each measures, for `--help`. `--only` takes the names. */
export const SCENARIOS = {
  "fan-out": "a public room of 500 at four rates, and the most that it carries",
  "large-room": "a public room of 2,000",
  private: "private messages at 2,000, 5,000 and 10,000/s",
  gateways: "8 gateways' buses on one Redis that each append 500 private messages/s",
  beside: "private messages beside a busy room",
  "slow-reader": "a room with one listener that doesn't read",
  append: "the most acknowledged messages through one gateway",
  call: "Redis' CPU for a call with one draft and with 64, beside the bare commands",
  latency: "a single message on an idle system, beside an XADD",
  idle: "handshakes, and the memory of an idle connection",
  persister: "draining a backlog, by one persister and by two",
  history: "history over HTTP, beside the raw driver",
} as const;
export type ScenarioName = keyof typeof SCENARIOS;
export const SCENARIO_NAMES = Object.keys(SCENARIOS) as readonly ScenarioName[];

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
  /** Empty if this load was skipped because a smaller load filled the subject, or if there is a `reason`. */
  readonly figures: Figures;
  /** The reason why the subject can't be measured here. */
  readonly reason?: string;
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
