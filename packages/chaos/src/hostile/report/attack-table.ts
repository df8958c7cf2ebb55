import { median } from "@parley/testkit";
import { type AttackResult, baselineOf, type Completed, mebibytes, p99Of, problemsOf } from "../result.ts";
import { SHAPES } from "../target/target.ts";

const HEAD = [
  "attack",
  "system",
  "",
  "acks: control",
  "attack",
  "ratio",
  "history: control",
  "attack",
  "ratio",
  "new connections: control",
  "attack",
  "refused",
  "processes ended",
  "memory",
  "event loop",
  "of the measurement",
  "the attacker did",
  "and was refused",
];

/** Formats the results in Markdown: a row for each attack and system, then every goal that was missed. */
export function attackTable(results: readonly AttackResult[]): string {
  const rows = [HEAD, HEAD.map(() => "---"), ...results.map((result) => cellsOf(result, results))];
  const table = rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const problems = results.flatMap((result) =>
    problemsOf(result, results).map((problem) => `- ${result.attack.name}, ${result.shape}: ${problem}`),
  );
  const parts = [table, noiseOf(results)];
  if (problems.length > 0) parts.push(`Missed goals:\n\n${problems.join("\n")}`);
  return parts.join("\n\n");
}

/** Returns the line that is printed at the end of a run. */
export function attackSummary(results: readonly AttackResult[]): string {
  const missed = results.filter((result) => problemsOf(result, results).length > 0).length;
  return `${results.length} trials: ${results.length - missed} met every goal, ${missed} did not`;
}

/** Lists what the controls measured on each system: in all rows together, and in the quickest and the slowest row. */
function noiseOf(results: readonly AttackResult[]): string {
  const lines = SHAPES.flatMap((shape) => {
    const completed = results.flatMap((result) =>
      result.shape === shape && result.outcome.kind === "completed" ? [result.outcome] : [],
    );
    const baseline = baselineOf(results, shape);
    const of = (measure: "acks" | "pages"): string => {
      const rows = completed.map((outcome) => p99Of(outcome, "control", measure)).filter(Number.isFinite);
      const range = `${milliseconds(Math.min(...rows))} to ${milliseconds(Math.max(...rows))} in one row`;
      return `${milliseconds(baseline[measure])} (${range})`;
    };
    return completed.length === 0 ? [] : [`- ${shape}: acks ${of("acks")}, history ${of("pages")}`];
  });
  return `All controls together, 99th percentile:\n\n${lines.join("\n")}`;
}

function cellsOf(result: AttackResult, results: readonly AttackResult[]): string[] {
  const { attack, shape, outcome } = result;
  const start = [
    `\`${attack.name}\`: ${attack.title}`,
    shape,
    problemsOf(result, results).length === 0 ? "met" : "MISSED",
  ];
  if (outcome.kind === "aborted") return [...start, ...HEAD.slice(start.length).map(() => "")];
  return [
    ...start,
    ...compared(outcome, "acks"),
    ...compared(outcome, "pages"),
    ...compared(outcome, "connects").slice(0, 2),
    String(countRefusals(outcome)),
    outcome.ended.length === 0 ? "none" : outcome.ended.join(", "),
    largestMemory(outcome),
    milliseconds(median(outcome.rounds.map((round) => round.attack.loopDelayMs))),
    milliseconds(median(outcome.rounds.map((round) => round.attack.ownDelayMs))),
    `${amount(median(outcome.rounds.map((round) => round.attack.operationsPerSecond)))} ${attack.unit}/s`,
    `${amount(median(outcome.rounds.map((round) => round.attack.refusals)))} times a phase`,
  ];
}

function compared(outcome: Completed, measure: "acks" | "pages" | "connects"): string[] {
  const [control, attack] = [p99Of(outcome, "control", measure), p99Of(outcome, "attack", measure)];
  return [
    milliseconds(control),
    milliseconds(attack),
    Number.isFinite(attack / control) ? (attack / control).toFixed(1) : "–",
  ];
}

function countRefusals({ rounds }: Completed): number {
  const counts = rounds.flatMap((round) => [...round.attack.samples.refusals.values()]);
  return counts.reduce((sum, count) => sum + count, 0);
}

function largestMemory({ peakBytes }: Completed): string {
  const [largest] = [...peakBytes].toSorted(([, a], [, b]) => b - a);
  return largest ? `${mebibytes(largest[1])} (${largest[0]})` : "–";
}

function milliseconds(ms: number): string {
  return Number.isFinite(ms) ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : "–";
}

function amount(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString("en") : "–";
}
