import { median } from "@parley/testkit";
import { type AttackResult, type Completed, mebibytes, p99Of, problemsOf } from "../result.ts";

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
  "the attacker did",
  "and was refused",
];

/** Formats the results in Markdown: a row for each attack and system, then every goal that was missed. */
export function attackTable(results: readonly AttackResult[]): string {
  const rows = [HEAD, HEAD.map(() => "---"), ...results.map(cellsOf)];
  const table = rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const problems = results.flatMap((result) =>
    problemsOf(result).map((problem) => `- ${result.attack.name}, ${result.shape}: ${problem}`),
  );
  return problems.length === 0 ? table : `${table}\n\nMissed goals:\n\n${problems.join("\n")}`;
}

/** Returns the line that is printed at the end of a run. */
export function attackSummary(results: readonly AttackResult[]): string {
  const missed = results.filter((result) => problemsOf(result).length > 0).length;
  return `${results.length} trials: ${results.length - missed} met every goal, ${missed} did not`;
}

function cellsOf(result: AttackResult): string[] {
  const { attack, shape, outcome } = result;
  const start = [
    `\`${attack.name}\`: ${attack.title}`,
    shape,
    problemsOf(result).length === 0 ? "met" : "MISSED",
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
