import { formatDuration } from "../runner/progress.ts";
import { FULL_SHARE, type Result, type ResultRow } from "../runner/rounds.ts";
import { type Column, SCENARIO_NAMES } from "../runner/scenario.ts";
import { type Goal, goalsOf, SPLIT, STANDALONE, verdictOf } from "./goals.ts";
import type { Machine } from "./machine.ts";
import { figure, table } from "./table.ts";

/** The report of a run, as `--json` prints it. */
export interface Report {
  readonly machine: Machine;
  readonly rounds: number;
  /** The command that runs the same scenarios again. */
  readonly command: string;
  /** Duration of the run, in seconds. */
  readonly took: number;
  /** True if the peers could not be installed. */
  readonly withoutPeers: boolean;
  readonly results: readonly Result[];
}

/** Formats the report as Markdown that is also readable in a terminal. `chart` is the path of the chart, if any. */
export function reportText(report: Report, { chart }: { chart?: string } = {}): string {
  const { machine, results } = report;
  return [
    "# What it costs, measured",
    "",
    madeBy(report),
    "",
    ...aboutMachine(machine),
    ...legend(report),
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

function aboutMachine({
  cores,
  cpu,
  memoryGiB,
  kernel,
  node,
  redis,
  mongo,
  peers,
  loadBefore,
}: Machine): string[] {
  return [
    `- Machine: ${cores} × ${cpu}, ${memoryGiB} GiB, ${kernel}; everything runs on it: server, Redis, load generator.`,
    `- Versions: Node ${node}, ${redis}, ${mongo}${peers}`,
    ...(loadBefore > cores / 2
      ? [
          `- **This machine was busy before** (load ${loadBefore.toFixed(1)} on ${cores} cores): rates and latencies are worse than it can do.`,
        ]
      : []),
  ];
}

function legend({ results, withoutPeers }: Report): string[] {
  const rows = results.flatMap((result) => result.rows);
  return [
    "- Load generator: processes of its own. `load %` is how much of a core the busiest one took, `machine %` how much of all cores was in use.",
    ...(rows.some((row) => row.loadWasFull)
      ? [
          `- **FULL**: the load generator took ${100 * FULL_SHARE} % of a core or more, so its own speed is in these figures (CPU a message is still right).`,
        ]
      : []),
    ...(rows.some((row) => row.machineWasFull)
      ? [
          "- **CORES**: no core had time left, so server, Redis and load generator waited for each other: rate and latency would be better with more cores.",
        ]
      : []),
    ...(withoutPeers ? ["- **Without the peers**: they could not be installed."] : []),
  ];
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
  ];
}

function boundOf({ bound, atMost, digits, unit }: Goal): string {
  return `${atMost ? "≤" : "≥"} ${figure(bound, digits)} ${unit}`.trimEnd();
}

function outcomeOf(goal: Goal): string {
  const verdict = verdictOf(goal);
  if (verdict === "not measured") return verdict;
  const value = `${figure(goal.figure, goal.digits)} ${goal.unit}`.trimEnd();
  return `${value} ${verdict === "met" ? "met" : "**not met**"}`;
}

function resultText({ title, notes, columns, rows, failures }: Result): string[] {
  const head = ["load", "", ...columns.map((column) => column.title), "load %", "machine %"];
  const cells = rows.map((row) => [
    row.load,
    row.subject,
    ...columns.map((column) => cellOf(row, column)),
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

const REASON_LENGTH = 160;
const URL = /\w+:\/\/\S+/g;
const PATH = /(^|[\s"'`(=:])\/[\w.@+-]+(\/[\w.@+-]+)+/g;

/** Returns the first line of a reason, with this machine's paths and URLs replaced by `…`. */
function firstLine(reason: string): string {
  const [line = ""] = reason.split("\n");
  return line.replaceAll(URL, "…").replaceAll(PATH, "$1…").slice(0, REASON_LENGTH);
}
