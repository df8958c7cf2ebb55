import type { Fault } from "./fault.ts";
import type { Result } from "./trial.ts";

/** A fault with what came out for it. */
export interface Row {
  readonly fault: Pick<Fault, "id" | "title">;
  readonly result: Result;
}

const HEAD = [
  "fault",
  "",
  "verdict",
  "sent",
  "acked",
  "stored",
  "seen",
  "lost",
  "lost with the log",
  "unseen",
  "duplicated",
  "out of order",
  "struck",
  "recovery",
  "also shown",
];

/** The table, as Markdown, and under it every violation. */
export function tableOf(rows: readonly Row[]): string {
  const lines = [HEAD, HEAD.map(() => "---"), ...rows.map(cellsOf)].map(
    (cells) => `| ${cells.join(" | ")} |`,
  );
  const problems = rows.flatMap(({ fault, result }) =>
    problemsOf(result).map((problem) => `- ${fault.id}: ${problem}`),
  );
  return [...lines, ...(problems.length > 0 ? ["", "What fell:", "", ...problems] : [])].join("\n");
}

/** Whether every guarantee held; a fault that could not be made here says nothing either way. */
export function held(rows: readonly Row[]): boolean {
  return rows.every(({ result }) => problemsOf(result).length === 0);
}

/** One line at the end. */
export function summaryOf(rows: readonly Row[]): string {
  const count = (word: string) => rows.filter(({ result }) => verdictOf(result) === word).length;
  return `${count("held")} held, ${count("FELL")} fell, ${count("not made")} not made`;
}

export function verdictOf(result: Result): "held" | "FELL" | "not made" {
  if (result.kind === "not made") return "not made";
  return problemsOf(result).length === 0 ? "held" : "FELL";
}

/** What fell, one line each; a fault that could not be made says nothing. */
export function problemsOf(result: Result): readonly string[] {
  switch (result.kind) {
    case "made":
      return result.problems;
    case "not made":
      return [];
    case "broken":
      return [`the trial broke off: ${result.why}`];
  }
}

function cellsOf({ fault, result }: Row): string[] {
  const start = [fault.id, fault.title, verdictOf(result)];
  if (result.kind !== "made") return [...start, ...HEAD.slice(4).map(() => ""), result.why];
  const { strike, verdict } = result;
  const { sent, acked, stored, seen, lost, lostWithLog, unseen, duplicated, outOfOrder } = verdict.counts;
  const numbers = [sent, acked, stored, seen, lost, lostWithLog, unseen, duplicated, outOfOrder];
  return [
    ...start,
    ...numbers.map((number) => number.toLocaleString("en")),
    `${strike.struck.toLocaleString("en")} ${strike.of}`,
    `${(strike.recoveryMs / 1000).toFixed(1)} s`,
    strike.shown,
  ];
}
