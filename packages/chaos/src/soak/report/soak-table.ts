import { type Judged, rounded } from "../judgement/judge.ts";
import type { SoakResult } from "../result.ts";

const HEAD = ["process", "figure", "lowest", "highest", "slope per hour", "95 % between", "bound", ""];
const COUNTS = {
  sent: "messages sent",
  acked: "acked",
  stored: "stored",
  seen: "seen",
  connections: "connections",
  reads: "history requests",
  failed: "failed operations",
  lost: "lost",
  duplicated: "doubled",
  unseen: "unseen",
  outOfOrder: "out of order",
} as const;

/** Formats the result in Markdown: the load and its counts, a row for each figure of each process, the problems. */
export function soakTable(result: SoakResult): string {
  if (result.kind === "aborted") return `The soak was aborted: ${result.reason}`;
  const { minutes, warmUpMinutes, load, counts, rows, problems } = result;
  const names = Object.keys(COUNTS) as (keyof typeof COUNTS)[];
  const total = names.map((name) => `${COUNTS[name]} ${counts[name].toLocaleString("en")}`).join(", ");
  const { users, messages, visits, reads } = load;
  return [
    `${minutes} minutes of ${users} users with ${messages} private messages, ${visits} connections and ${reads} history requests a second; judged after ${rounded(warmUpMinutes)} minutes: ${total}.`,
    [HEAD, HEAD.map(() => "---"), ...rows.map(cellsOf)].map((cells) => `| ${cells.join(" | ")} |`).join("\n"),
    ...(problems.length > 0 ? ["Problems:", problems.map((problem) => `- ${problem}`).join("\n")] : []),
  ].join("\n\n");
}

/** Returns the line that is printed at the end of a run. */
export function soakSummary(result: SoakResult): string {
  if (result.kind === "aborted") return "the soak was aborted";
  const { rows, counts, problems } = result;
  const leaks = rows.filter(({ isLeak }) => isLeak).length;
  const checked = `${rows.length} slopes: ${leaks} above their bounds; lost ${counts.lost}, doubled ${counts.duplicated}`;
  return `${problems.length === 0 ? "held" : "FELL"}: ${checked}`;
}

function cellsOf({ process, measure, lowest, highest, slope, bound, isLeak }: Judged): string[] {
  return [
    process,
    measure,
    rounded(lowest),
    rounded(highest),
    rounded(slope.perHour),
    `${rounded(slope.low)} and ${rounded(slope.high)}`,
    rounded(bound),
    isLeak ? "LEAK" : "held",
  ];
}
