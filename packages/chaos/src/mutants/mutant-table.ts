import type { Result } from "../runner/result.ts";
import { problemsOf } from "../runner/result.ts";
import type { BrokenBuild } from "./mutants.ts";

/** A broken build with what came out for it under its fault. */
export interface BrokenRow {
  readonly build: Pick<BrokenBuild, "name" | "breaks" | "fault" | "expected" | "says">;
  readonly result: Result;
}

const HEAD = ["broken build", "what it does wrong", "fault", "expected", "", "what the checker said"];

/** As Markdown. */
export function brokenTableOf(rows: readonly BrokenRow[]): string {
  return [HEAD, HEAD.map(() => "---"), ...rows.map(cellsOf)]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** Whether the checker found out every one of them, each for what it does wrong. */
export function foundOut(rows: readonly BrokenRow[]): boolean {
  return rows.every((row) => colourOf(row) === "red");
}

/** One line at the end. */
export function brokenSummaryOf(rows: readonly BrokenRow[]): string {
  return `${rows.filter((row) => colourOf(row) === "red").length} of ${rows.length} broken builds were found out`;
}

/** Red counts only where the checker says what this build does wrong: another red may have come from anywhere. */
export function colourOf({ build, result }: BrokenRow): "red" | "RED FOR ANOTHER REASON" | "NOT RED" {
  const problems = problemsOf(result);
  if (problems.some((problem) => build.says.test(problem))) return "red";
  return problems.length > 0 ? "RED FOR ANOTHER REASON" : "NOT RED";
}

function cellsOf(row: BrokenRow): string[] {
  const { name, breaks, fault, expected, says } = row.build;
  const problems = problemsOf(row.result);
  const said = problems.find((problem) => says.test(problem)) ?? problems[0];
  const nothing = row.result.kind === "not made" ? row.result.why : "nothing";
  return [name, breaks, fault, expected, colourOf(row), said ?? nothing];
}
