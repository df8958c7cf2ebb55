import { formatDuration } from "../runner/progress.ts";
import { QUIET_SHARE, type Quietness } from "../runner/quiet.ts";
import { FULL_SHARE, type Result } from "../runner/rounds.ts";
import { PROBE_LEGEND } from "../scenarios/steps/probe.ts";
import type { Unavailable } from "../targets/unavailable.ts";
import { firstLine } from "./first-line.ts";
import type { Machine } from "./machine.ts";

/** The circumstances of a run, and its results. */
export interface Circumstances {
  readonly machine: Machine;
  readonly quiet: Quietness;
  /** The peers that couldn't be measured. */
  readonly unavailable: readonly (Unavailable & { readonly peer: string })[];
  readonly results: readonly Result[];
}

/** Lists the machine, the versions, the warnings and the meanings of columns that stand before all tables. */
export function preface({ machine, quiet, unavailable, results }: Circumstances): string[] {
  const rows = results.flatMap((result) => result.rows);
  const { cores, cpu, memoryGiB, kernel, node, redis, mongo, peers } = machine;
  const lines: readonly (string | false)[] = [
    `Machine: ${cores} × ${cpu}, ${memoryGiB} GiB, ${kernel}; everything runs on it: server, Redis, load generator.`,
    `Versions: Node ${node}, ${redis}, ${mongo}, ${peers}`,
    aboutQuiet(quiet),
    "Load generator: processes of its own. `load %` is how much of a core the busiest one took, `machine %` how much of all cores was in use.",
    rows.some((row) => row.loadWasFull) &&
      `**FULL**: the load generator took ${100 * FULL_SHARE} % of a core or more, so its own speed is in these figures (CPU a message is still right).`,
    rows.some((row) => row.machineWasFull) &&
      "**CORES**: no core had time left, so server, Redis and load generator waited for each other: rate and latency would be better with more cores.",
    rows.some(({ figures }) => figures.fsync !== undefined) && PROBE_LEGEND,
    ...unavailable.map(({ peer, word, detail }) => `**Without ${peer}**: ${word}: ${firstLine(detail)}`),
  ];
  return lines.filter((line) => line !== false).map((line) => `- ${line}`);
}

/** A shorter wait isn't worth a word. */
const LEAST_WAIT_SECONDS = 5;

function aboutQuiet({ turns, noisy, worst, waitedSeconds }: Quietness): string {
  const limit = `${100 * QUIET_SHARE} % of the machine`;
  const waited = `waited ${formatDuration(waitedSeconds)} for other processes to be quiet`;
  if (noisy > 0)
    return `**Not quiet**: it ${waited}, and gave up: before ${noisy} of ${turns} measurements they used more than ${limit}, up to ${Math.round(100 * worst)} %. Rates and latencies are worse than this machine can do.`;
  const quiet = waitedSeconds >= LEAST_WAIT_SECONDS ? `It ${waited}` : "Other processes were quiet";
  return `${quiet}: before each measurement they used at most ${limit}.`;
}
