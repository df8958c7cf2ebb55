import { type Judged, problemsOf } from "../runner/result.ts";
import type { Mutant } from "./mutant.ts";

/** A mutant and the result of its trial. */
export interface MutantRow {
  readonly mutant: Pick<Mutant, "name" | "breaks" | "fault" | "expected" | "says">;
  readonly result: Judged;
}

const HEAD = ["broken build", "what it does wrong", "fault", "expected", "", "what the checker said"];

/** Formats the rows as a Markdown table. */
export function mutantTable(rows: readonly MutantRow[]): string {
  return [HEAD, HEAD.map(() => "---"), ...rows.map(cellsOf)]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** True when the checker detected every mutant, each for its own violation. */
export function areAllDetected(rows: readonly MutantRow[]): boolean {
  return rows.every((row) => colorOf(row) === "red");
}

/** Returns the line that is printed at the end of a run. */
export function mutantSummary(rows: readonly MutantRow[]): string {
  return `${rows.filter((row) => colorOf(row) === "red").length} of ${rows.length} broken builds were detected`;
}

/** A mutant is red only if its own violation is reported. Any other violation may have another cause. */
export function colorOf({ mutant, result }: MutantRow): "red" | "RED FOR ANOTHER REASON" | "NOT RED" {
  const problems = problemsOf(result);
  if (problems.some((problem) => mutant.says.test(problem))) return "red";
  return problems.length > 0 ? "RED FOR ANOTHER REASON" : "NOT RED";
}

function cellsOf(row: MutantRow): string[] {
  const { name, breaks, fault, expected, says } = row.mutant;
  const problems = problemsOf(row.result);
  const reported = problems.find((problem) => says.test(problem)) ?? problems[0];
  const nothing = row.result.kind === "not made" ? row.result.reason : "nothing";
  return [name, breaks, fault, expected, colorOf(row), reported ?? nothing];
}
