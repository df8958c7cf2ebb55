import type { Fault } from "../faults/fault.ts";
import { problemsOf, type Result } from "../runner/result.ts";

/** A run of a fault and its result. */
export interface Run {
  readonly fault: Pick<Fault, "id" | "title" | "isRandom">;
  readonly seed: number;
  readonly result: Result;
}

type Completed = Extract<Result, { readonly kind: "completed" }>;

const COUNTS = {
  sent: "sent",
  acked: "acked",
  stored: "stored",
  seen: "seen",
  lost: "lost",
  lostWithLog: "lost with the log",
  unseen: "unseen",
  duplicated: "duplicated",
  outOfOrder: "out of order",
} as const;

const HEAD = [
  "",
  "runs",
  "seeds",
  ...Object.values(COUNTS),
  "struck",
  "recovery, worst",
  "median",
  "also shown, where it was worst",
];

/**
 * Formats a report in Markdown: one row for each fault, then one for each run of a random fault, then all
 * violations. `name` is the head of the first column.
 */
export function faultReport(runs: readonly Run[], name = "fault"): string {
  const rows = Object.values(Object.groupBy(runs, ({ fault }) => fault.id)).flatMap((row) =>
    row ? [row] : [],
  );
  const random = rows.filter((row) => row.length > 1 && row[0]?.fault.isRandom);
  const problems = runs.flatMap(({ fault, seed, result }) =>
    problemsOf(result).map((problem) => `- ${fault.id}, seed ${seed}: ${problem}`),
  );
  return [
    tableOf(name, rows),
    ...random.flatMap((row) => [
      `${row[0]?.fault.id}, seed by seed:`,
      tableOf(
        name,
        row.map((run) => [run]),
      ),
    ]),
    ...(problems.length > 0 ? ["Violations:", problems.join("\n")] : []),
  ].join("\n\n");
}

/** True when every guarantee held. A fault that the machine can't make is ignored. */
export function allHeld(runs: readonly Run[]): boolean {
  return runs.every(({ result }) => problemsOf(result).length === 0);
}

/** Returns the line that is printed at the end of a run. */
export function faultSummary(runs: readonly Run[]): string {
  const count = (word: string) => runs.filter(({ result }) => verdictOf(result) === word).length;
  return `${runs.length} runs: ${count("held")} held, ${count("FELL")} fell, ${count("not made")} not made`;
}

export function verdictOf(result: Result): "held" | "FELL" | "not made" {
  if (result.kind === "not made") return "not made";
  return problemsOf(result).length === 0 ? "held" : "FELL";
}

function tableOf(name: string, rows: readonly (readonly Run[])[]): string {
  const head = [name, ...HEAD];
  return [head, head.map(() => "---"), ...rows.map(cellsOf)]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** The row of one fault. Counts are sums over its runs. Texts come from the run with the slowest recovery. */
function cellsOf(runs: readonly Run[]): string[] {
  const [{ fault }] = runs as readonly [Run];
  const start = [fault.id, fault.title, verdictsOf(runs), runs.map(({ seed }) => seed).join(", ")];
  const completed = runs.flatMap(({ result }) => (result.kind === "completed" ? [result] : []));
  const slowest = completed.toSorted((a, b) => b.injection.recoveryMs - a.injection.recoveryMs);
  const [worst] = slowest;
  if (!worst) return [...start, ...HEAD.slice(start.length).map(() => ""), reasonsOf(runs)];
  const sums = (Object.keys(COUNTS) as (keyof typeof COUNTS)[]).map((name) =>
    sumOf(completed, ({ verdict }) => verdict.counts[name]),
  );
  const median = slowest[Math.floor(slowest.length / 2)] ?? worst;
  return [
    ...start,
    ...sums,
    `${sumOf(completed, ({ injection }) => injection.struck)} ${worst.injection.unit}`,
    recoveryOf(worst),
    recoveryOf(median),
    worst.injection.details,
  ];
}

/** Every verdict and its number of runs, such as "2 held, 1 FELL". */
function verdictsOf(runs: readonly Run[]): string {
  const words = Object.groupBy(runs, ({ result }) => verdictOf(result));
  return Object.entries(words)
    .map(([word, all]) => `${all.length} ${word}`)
    .join(", ");
}

function reasonsOf(runs: readonly Run[]): string {
  return [...new Set(runs.flatMap(({ result }) => ("reason" in result ? [result.reason] : [])))].join("; ");
}

function sumOf(completed: readonly Completed[], countOf: (result: Completed) => number): string {
  return completed.reduce((sum, result) => sum + countOf(result), 0).toLocaleString("en");
}

function recoveryOf({ injection }: Completed): string {
  return `${(injection.recoveryMs / 1000).toFixed(1)} s`;
}
