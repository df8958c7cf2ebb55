import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { House } from "../cluster/cluster.ts";
import { problemsOf, type Result } from "../runner/result.ts";
import type { Ledger } from "../workload/ledger.ts";

/** All that is known of a run that fell, for whoever looks for the cause. */
export interface Evidence {
  /** How the run is made again. */
  readonly how: string;
  readonly result: Result;
  /** What was told while it ran. */
  readonly told: readonly string[];
  readonly ledger: Ledger;
  /** Undefined where it could not be started. */
  readonly house: House | undefined;
}

/** Writes it into a folder, in place of what is there. */
export async function record(folder: string, evidence: Evidence): Promise<void> {
  const { how, result, told, ledger, house } = evidence;
  const made = result.kind === "made" ? [JSON.stringify({ ...result.strike, ...result.verdict.counts })] : [];
  const verdict = [how, "", ...problemsOf(result), "", ...made, "", ...told];
  const files = {
    "verdict.txt": verdict,
    "sends.jsonl": ledger.sends.map((send) => JSON.stringify(send)),
    "observations.jsonl": ledger.observations.map(({ seen, ...rest }) =>
      JSON.stringify({ ...rest, seen: seen.map(({ id }) => id) }),
    ),
    ...(house && logsOf(house)),
  };
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, lines] of Object.entries(files))
    await writeFile(join(folder, name), `${lines.join("\n")}\n`);
}

/** What every process has printed: the apps since their first start, the servers since their last. */
function logsOf({
  gateways,
  persisters,
  historyApi,
  redis,
  mongo,
}: House): Record<string, readonly string[]> {
  const apps = [...gateways, ...persisters, historyApi].map(({ app, log }, n) => [
    `${app.name}-${n}.log`,
    log.map((line) => JSON.stringify(line)),
  ]);
  return Object.fromEntries([...apps, ["redis.log", [redis.output()]], ["mongo.log", [mongo.output()]]]);
}
