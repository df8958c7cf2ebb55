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
  /** Longest time for which an event loop was blocked, in ms. */
  readonly loopDelayMs: number;
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

/** An attack may at most double the times that a user measures. */
const MAX_RATIO = 2;
/** New connections are too rare for a percentile, so every one of them must stay within this bound. */
const MAX_CONNECT_MS = 1_000;
const MAX_BYTES = 400 * 2 ** 20;
const P99 = 0.99;

/** The 99th percentile of all rounds together, in ms: one round has too few values. NaN if nothing was measured. */
export function p99Of({ rounds }: Completed, side: keyof Round, measure: Measure): number {
  return percentile(
    rounds.flatMap((round) => round[side].samples[measure]),
    P99,
  );
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

/** Every goal that was missed, with the measured figure. Empty if all were met. */
export function problemsOf(result: AttackResult): string[] {
  const { outcome } = result;
  if (outcome.kind === "aborted") return harmOf(result);
  const slowest = percentile(
    outcome.rounds.flatMap(({ attack }) => attack.samples.connects),
    1,
  );
  return [
    ...harmOf(result),
    ...(Number.isNaN(p99Of(outcome, "attack", "acks")) ? ["no ack was measured"] : []),
    ...ratioProblem(outcome, "acks", "an ack"),
    ...ratioProblem(outcome, "pages", "a history page"),
    ...(slowest > MAX_CONNECT_MS
      ? [`a new connection took ${slowest.toFixed(0)} ms, goal: ${MAX_CONNECT_MS} ms`]
      : []),
    ...[...outcome.peakBytes]
      .filter(([, bytes]) => bytes > MAX_BYTES)
      .map(([name, bytes]) => `${name} took ${mebibytes(bytes)}, goal: ${mebibytes(MAX_BYTES)}`),
  ];
}

function ratioProblem(outcome: Completed, measure: Measure, what: string): string[] {
  const [attack, control] = [p99Of(outcome, "attack", measure), p99Of(outcome, "control", measure)];
  if (!(attack > MAX_RATIO * control)) return [];
  const times = `${attack.toFixed(1)} ms with the attack, ${control.toFixed(1)} ms with the control`;
  return [`p99 of ${what}: ${times}: ${(attack / control).toFixed(1)} times, goal: ${MAX_RATIO}`];
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
