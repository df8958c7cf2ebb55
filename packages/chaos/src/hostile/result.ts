import { percentile } from "@parley/testkit";
import type { Attack } from "./attack.ts";
import type { Shape } from "./target/target.ts";
import type { Samples } from "./victim/samples.ts";

/** The measurements of one phase, by the users and by the attacker. */
export interface Phase {
  readonly samples: Pick<Samples, "acks" | "pages" | "connects" | "refusals">;
  readonly operationsPerSecond: number;
  /** Number of the attacker's connections that were refused or ended, plus the errors that it received. */
  readonly refusals: number;
  /** Longest time for which an event loop of the system was blocked, in ms. */
  readonly loopDelayMs: number;
  /** The same for the process that measures. It is part of the times that this process measured. */
  readonly ownDelayMs: number;
}

/** The phases of one round: the attack, and the same work against the sink. */
export interface Round {
  readonly attack: Phase;
  readonly control: Phase;
}

/** The result of one attack on one system. */
export interface AttackResult {
  readonly attack: Pick<Attack, "name" | "title" | "unit">;
  readonly shape: Shape;
  readonly outcome:
    | {
        readonly kind: "completed";
        readonly rounds: readonly Round[];
        readonly ended: readonly string[];
        /** Failed health checks by process. */
        readonly failedChecks: ReadonlyMap<string, number>;
        /** Largest resident memory by process, in bytes. */
        readonly peakBytes: ReadonlyMap<string, number>;
      }
    /** The trial itself failed. Nothing is known about the goals, so this is reported as a problem. */
    | { readonly kind: "aborted"; readonly reason: string };
}

export type Completed = Extract<AttackResult["outcome"], { readonly kind: "completed" }>;
export type Measure = "acks" | "pages" | "connects";

/** An attack may at most double the times that a user measures without it. */
const MAX_RATIO = 2;
/** New connections are too rare for a percentile, so every one of them must stay within this bound. */
const MAX_CONNECT_MS = 1_000;
const MAX_BYTES = 400 * 2 ** 20;
const P99 = 0.99;

/** The 99th percentile of all rounds together, in ms: one round has too few values. NaN if nothing was measured. */
export function p99Of({ rounds }: Pick<Completed, "rounds">, side: keyof Round, measure: Measure): number {
  return percentile(
    rounds.flatMap((round) => round[side].samples[measure]),
    P99,
  );
}

/** Tells if the rounds miss a goal of time, compared with their own controls. */
export function isSlow(rounds: readonly Round[]): boolean {
  return (["acks", "pages"] as const).some(
    (measure) => p99Of({ rounds }, "attack", measure) > MAX_RATIO * p99Of({ rounds }, "control", measure),
  );
}

/** The 99th percentiles of the control phases of all rows of a system together, in ms. */
export type Baseline = Readonly<Record<"acks" | "pages", number>>;

/**
 * Measures each system without an attack, over all rows. One row has a few hundred values, and the third or so from the top
 * is its percentile. So two rows' controls differ by much, and that of all rows tells what is usual on this machine.
 */
export function baselineOf(results: readonly AttackResult[], shape: Shape): Baseline {
  const phases = results.flatMap((result) =>
    result.shape === shape && result.outcome.kind === "completed"
      ? result.outcome.rounds.map(({ control }) => control.samples)
      : [],
  );
  const p99 = (measure: "acks" | "pages") =>
    percentile(
      phases.flatMap((samples) => samples[measure]),
      P99,
    );
  return { acks: p99("acks"), pages: p99("pages") };
}

/** Problems that don't depend on the machine's speed: ended processes, refusals, failed health checks. */
export function harmOf({ outcome }: AttackResult): string[] {
  if (outcome.kind === "aborted") return [`the trial was aborted: ${outcome.reason}`];
  const { rounds, ended, failedChecks } = outcome;
  return [
    ...ended.map((name) => `a process ended: ${name}`),
    ...[...failedChecks].map(([name, count]) => `${count} health checks of ${name} failed`),
    ...refusalsOf(rounds, "attack").map((refusal) => `refused: ${refusal}`),
    ...refusalsOf(rounds, "control").map((refusal) => `refused after the attack: ${refusal}`),
  ];
}

/** Every goal that was missed, with the measured figure. Empty if all were met. `all` are the results of the whole run. */
export function problemsOf(result: AttackResult, all: readonly AttackResult[]): string[] {
  const { outcome } = result;
  const baseline = baselineOf(all, result.shape);
  if (outcome.kind === "aborted") return harmOf(result);
  const slowest = percentile(
    outcome.rounds.flatMap(({ attack }) => attack.samples.connects),
    1,
  );
  return [
    ...harmOf(result),
    ...(Number.isNaN(p99Of(outcome, "attack", "acks")) ? ["no ack was measured"] : []),
    ...ratioProblem(outcome, baseline, "acks", "an ack"),
    ...ratioProblem(outcome, baseline, "pages", "a history page"),
    ...(slowest > MAX_CONNECT_MS
      ? [`a new connection took ${slowest.toFixed(0)} ms, goal: ${MAX_CONNECT_MS} ms`]
      : []),
    ...[...outcome.peakBytes]
      .filter(([, bytes]) => bytes > MAX_BYTES)
      .map(([name, bytes]) => `${name} took ${mebibytes(bytes)}, goal: ${mebibytes(MAX_BYTES)}`),
  ];
}

/** Compares with the control of the same row, and with that of all rows: the slower of the two is what is usual. */
function ratioProblem(
  outcome: Completed,
  baseline: Baseline,
  measure: keyof Baseline,
  what: string,
): string[] {
  const [attack, control] = [p99Of(outcome, "attack", measure), p99Of(outcome, "control", measure)];
  const all = baseline[measure];
  if (!(attack > MAX_RATIO * control && attack > MAX_RATIO * all)) return [];
  const times = `${attack.toFixed(1)} ms with the attack, ${control.toFixed(1)} ms with the control, ${all.toFixed(1)} ms with all controls`;
  const ratio = attack / Math.max(control, all);
  return [`p99 of ${what}: ${times}: ${ratio.toFixed(1)} times, goal: ${MAX_RATIO}`];
}

/** Returns the refusals in all attack phases or in all control phases, such as "send: backlog_full (12 times)". */
function refusalsOf(rounds: readonly Round[], side: keyof Round): string[] {
  const counts = new Map<string, number>();
  for (const round of rounds)
    for (const [what, count] of round[side].samples.refusals)
      counts.set(what, (counts.get(what) ?? 0) + count);
  return [...counts].map(([what, count]) => `${what} (${count} times)`);
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
