import type { Fault } from "../faults/fault.ts";
import { problemsOf, type Result } from "../runner/result.ts";

/** A run of a fault with what came out. */
export interface Run {
  readonly fault: Pick<Fault, "id" | "title" | "isDrawn">;
  readonly seed: number;
  readonly result: Result;
}

type Made = Extract<Result, { readonly kind: "made" }>;

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
  "fault",
  "",
  "runs",
  "seeds",
  ...Object.values(COUNTS),
  "struck",
  "recovery, worst",
  "median",
  "also shown, where it was worst",
];

/** As Markdown: a row a fault with the sums over its runs, then each run that is drawn from its seed, then every violation. */
export function reportOf(runs: readonly Run[]): string {
  const rows = Object.values(Object.groupBy(runs, ({ fault }) => fault.id)).flatMap((row) =>
    row ? [row] : [],
  );
  const drawn = rows.filter((row) => row.length > 1 && row[0]?.fault.isDrawn);
  const problems = runs.flatMap(({ fault, seed, result }) =>
    problemsOf(result).map((problem) => `- ${fault.id}, seed ${seed}: ${problem}`),
  );
  return [
    tableOf(rows),
    ...drawn.flatMap((row) => [`${row[0]?.fault.id}, seed by seed:`, tableOf(row.map((run) => [run]))]),
    ...(problems.length > 0 ? ["What fell:", problems.join("\n")] : []),
  ].join("\n\n");
}

/** Whether every guarantee held; a fault that could not be made here says nothing either way. */
export function held(runs: readonly Run[]): boolean {
  return runs.every(({ result }) => problemsOf(result).length === 0);
}

/** One line at the end. */
export function summaryOf(runs: readonly Run[]): string {
  const count = (word: string) => runs.filter(({ result }) => verdictOf(result) === word).length;
  return `${runs.length} runs: ${count("held")} held, ${count("FELL")} fell, ${count("not made")} not made`;
}

export function verdictOf(result: Result): "held" | "FELL" | "not made" {
  if (result.kind === "not made") return "not made";
  return problemsOf(result).length === 0 ? "held" : "FELL";
}

function tableOf(rows: readonly (readonly Run[])[]): string {
  return [HEAD, HEAD.map(() => "---"), ...rows.map(cellsOf)]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** Of all runs of one fault: counts are sums, and words those of the run that recovered last. */
function cellsOf(runs: readonly Run[]): string[] {
  const [{ fault }] = runs as readonly [Run];
  const start = [fault.id, fault.title, verdictsOf(runs), runs.map(({ seed }) => seed).join(", ")];
  const made = runs.flatMap(({ result }) => (result.kind === "made" ? [result] : []));
  const slowest = made.toSorted((a, b) => b.strike.recoveryMs - a.strike.recoveryMs);
  const [worst] = slowest;
  if (!worst) return [...start, ...HEAD.slice(start.length + 1).map(() => ""), whyNot(runs)];
  const sums = (Object.keys(COUNTS) as (keyof typeof COUNTS)[]).map((name) =>
    sumOf(made, ({ verdict }) => verdict.counts[name]),
  );
  const median = slowest[Math.floor(slowest.length / 2)] ?? worst;
  return [
    ...start,
    ...sums,
    `${sumOf(made, ({ strike }) => strike.struck)} ${worst.strike.of}`,
    secondsOf(worst),
    secondsOf(median),
    worst.strike.shown,
  ];
}

/** "3 held", or all that came out, with how often. */
function verdictsOf(runs: readonly Run[]): string {
  const words = Object.groupBy(runs, ({ result }) => verdictOf(result));
  return Object.entries(words)
    .map(([word, all]) => `${all.length} ${word}`)
    .join(", ");
}

function whyNot(runs: readonly Run[]): string {
  return [...new Set(runs.flatMap(({ result }) => ("why" in result ? [result.why] : [])))].join("; ");
}

function sumOf(made: readonly Made[], of: (result: Made) => number): string {
  return made.reduce((sum, result) => sum + of(result), 0).toLocaleString("en");
}

function secondsOf({ strike }: Made): string {
  return `${(strike.recoveryMs / 1000).toFixed(1)} s`;
}
