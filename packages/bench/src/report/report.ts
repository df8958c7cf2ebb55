import { formatDuration } from "../runner/progress.ts";
import type { Result, ResultRow } from "../runner/rounds.ts";
import { type Column, SCENARIO_NAMES } from "../runner/scenario.ts";
import { firstLine } from "./first-line.ts";
import { type Goal, verdictOf } from "./goal.ts";
import { goalsOf, SPLIT, STANDALONE } from "./goals.ts";
import { type Circumstances, preface } from "./preface.ts";
import { figure, table } from "./table.ts";

/** The report of a run, as `--json` prints it. */
export interface Report extends Circumstances {
  readonly rounds: number;
  /** The command that runs the same scenarios again. */
  readonly command: string;
  /** Duration of the run, in seconds. */
  readonly took: number;
}

/** Formats the report as Markdown that is also readable in a terminal. `chart` is the path of the chart, if any. */
export function reportText(report: Report, { chart }: { chart?: string } = {}): string {
  const { results } = report;
  return [
    "# What it costs, measured",
    "",
    madeBy(report),
    "",
    ...preface(report),
    ...(chart === undefined ? [] : ["", `![Server CPU a delivered message](${chart})`]),
    ...goalsText(results),
    ...results.flatMap((result) => ["", ...resultText(result)]),
    "",
  ].join("\n");
}

function madeBy({ machine, rounds, command, took }: Report): string {
  const how = rounds === 1 ? "one round" : `median of ${rounds} alternating rounds`;
  return `Written by \`${command}\`, which repeats it (${formatDuration(took)}). ${machine.date}, ${how}.`;
}

function goalsText(results: readonly Result[]): string[] {
  const standalone = goalsOf(results, STANDALONE);
  // In a full run, goals without a figure are listed as not measured. In a partial run they are left out.
  const isWhole = SCENARIO_NAMES.every((name) => results.some((result) => result.name === name));
  const shown = goalsOf(results, SPLIT).filter((goal) => isWhole || verdictOf(goal) !== "not measured");
  if (shown.length === 0) return [];
  const rows = shown.map((goal) => {
    const other = standalone.find(({ text }) => text === goal.text);
    return [goal.text, boundOf(goal), outcomeOf(goal), other ? outcomeOf(other) : ""];
  });
  return [
    "",
    "## Goals",
    "",
    table(["", "goal", SPLIT, STANDALONE], rows),
    "",
    "- S is one second of CPU divided by the most deliveries a second that Socket.IO came to in this run.",
    "- Centrifuge's best is the better figure of the two, with and without its write delay. A full server's figures count as they are.",
    "- The bare commands are XADD, HSET and two PUBLISH in one write, measured in this run. In brackets: the p99 of an fsync right before that load, in ms.",
  ];
}

function boundOf({ bound, atMost, digits, unit }: Goal): string {
  return `${atMost ? "≤" : "≥"} ${figure(bound, digits)} ${unit}`.trimEnd();
}

function outcomeOf(goal: Goal): string {
  const verdict = verdictOf(goal);
  if (verdict === "not measured") return verdict;
  const value = `${figure(goal.figure, goal.digits)} ${goal.unit}`.trimEnd();
  const { fsyncP99 = Number.NaN } = goal;
  const beside = Number.isFinite(fsyncP99) ? ` (fsync p99 ${figure(fsyncP99, 1)})` : "";
  return `${value} ${verdict === "met" ? "met" : "**not met**"}${beside}`;
}

function resultText({ title, notes, columns, rows, failures }: Result): string[] {
  const head = ["load", "", ...columns.map((column) => column.title), "load %", "machine %"];
  const cells = rows.map((row) => [
    row.load,
    row.subject,
    ...columns.map((column, index) => (index === 0 && row.reason) || cellOf(row, column)),
    loadOf(row),
    figure(row.machineShare * 100, 0) + (row.machineWasFull ? " CORES" : ""),
  ]);
  return [
    `## ${title}`,
    "",
    table(head, cells, { texts: 2 }),
    "",
    ...failures.map(
      ({ subject, round, reason }) => `- **FAILED** in round ${round}: ${subject}: ${firstLine(reason)}`,
    ),
    ...notes.map((note) => `- ${note}`),
  ];
}

function cellOf({ figures }: ResultRow, { key, digits, mark }: Column): string {
  const value = figures[key];
  if (value === undefined) return "–";
  const word = mark?.(figures);
  return figure(value, digits) + (word === undefined ? "" : ` ${word}`);
}

function loadOf({ loadShare, loadWasFull }: ResultRow): string {
  return figure(loadShare * 100, 0) + (loadWasFull ? " FULL" : "");
}
