import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../cluster/cluster.ts";
import { problemsOf, type Result } from "../runner/result.ts";
import type { Ledger } from "../workload/ledger.ts";

/** Everything that is known about a failed trial, for finding the cause. */
export interface TrialRecord {
  /** The command that repeats the run. */
  readonly command: string;
  readonly result: Result;
  /** Lines of progress. */
  readonly logLines: readonly string[];
  readonly ledger: Ledger;
  readonly cluster: Cluster;
}

/** Replaces the contents of a folder with the files of a record. */
export async function writeRecord(folder: string, record: TrialRecord): Promise<void> {
  const { command, result, logLines, ledger, cluster } = record;
  const counts =
    result.kind === "completed" ? [JSON.stringify({ ...result.injection, ...result.verdict.counts })] : [];
  const files = {
    "verdict.txt": [command, "", ...problemsOf(result), "", ...counts, "", ...logLines],
    "sends.jsonl": ledger.sends.map((send) => JSON.stringify(send)),
    "changes.jsonl": ledger.changes.map(({ send, ...change }) =>
      JSON.stringify({ ...change, from: send.from, to: send.to }),
    ),
    "observations.jsonl": ledger.observations.map(({ seen, ...rest }) =>
      JSON.stringify({ ...rest, seen: seen.map(({ id }) => id) }),
    ),
    ...outputOf(cluster),
  };
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, lines] of Object.entries(files))
    await writeFile(join(folder, name), `${lines.join("\n")}\n`);
}

/**
 * Returns the output of every process, by file name: of an app since its first start, of a server since its last
 * start.
 */
function outputOf(cluster: Cluster): Record<string, readonly string[]> {
  const { gateways, persisters, historyApis, redis, mongo } = cluster;
  const apps = [...gateways, ...persisters, ...historyApis].map(({ app, logLines }, n) => [
    `${app.name}-${n}.log`,
    logLines.map((line) => JSON.stringify(line)),
  ]);
  return Object.fromEntries([...apps, ["redis.log", [redis.output()]], ["mongo.log", [mongo.output()]]]);
}
