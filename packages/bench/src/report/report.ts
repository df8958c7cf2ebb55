import type { Result, ResultRow } from "../rounds.ts";
import type { Machine } from "./machine.ts";
import { figure, table } from "./table.ts";

export interface Report {
  readonly machine: Machine;
  readonly rounds: number;
  /** How to run it again. */
  readonly command: string;
  readonly results: readonly Result[];
}

/** The report as Markdown that reads well in a terminal. */
export function reportText(report: Report): string {
  const { machine, rounds, command, results } = report;
  return [
    "# What it costs, measured",
    "",
    `${machine.date}, ${rounds === 1 ? "one round" : `median of ${rounds} rounds`}. To repeat: \`${command}\``,
    "",
    `- Machine: ${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.kernel}`,
    `- Versions: Node ${machine.node}, ${machine.redis}, ${machine.mongo}`,
    ...busy(machine),
    "- Load generator: processes of its own on this machine; `load` is how much of a core the busiest one took.",
    ...(results.some(({ rows }) => rows.some((row) => row.loadWasFull)) ? [FULL] : []),
    ...results.flatMap((result) => ["", ...resultText(result)]),
    "",
  ].join("\n");
}

const FULL =
  "- **FULL**: the load generator took more than 90 % of a core, so its own speed is in these figures (CPU a message is still right).";

function busy({ loadBefore, cores }: Machine): string[] {
  return loadBefore > cores / 2
    ? [
        `- **This machine was busy before** (load ${loadBefore.toFixed(1)} on ${cores} cores): rates and latencies are worse than it can do.`,
      ]
    : [];
}

function resultText({ title, notes, columns, rows }: Result): string[] {
  const head = ["", ...columns.map((column) => column.title), "load %"];
  const cells = rows.map((row) => [
    row.label,
    ...columns.map(({ key, digits }) => figure(row.figures[key] ?? Number.NaN, digits)),
    loadOf(row),
  ]);
  return [`## ${title}`, "", table(head, cells), "", ...notes.map((note) => `- ${note}`)];
}

function loadOf({ loadShare, loadWasFull }: ResultRow): string {
  return figure(loadShare * 100, 0) + (loadWasFull ? " FULL" : "");
}
