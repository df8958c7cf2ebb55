import type { Options } from "../options.ts";
import type { Outcome } from "../runner/outcome.ts";
import { type Print, progressLog } from "../runner/progress-log.ts";
import { runTrials } from "../runner/runs.ts";
import { ORDERS } from "./plan.ts";
import { CURRENT, describeCurrent, releaseOf } from "./release.ts";
import { upgradeFault } from "./upgrade.ts";

/** Upgrades a revision to the build of this folder, in the chosen orders. The outcome is a success if all held. */
export async function runUpgrades(options: Options, print: Print): Promise<Outcome> {
  const { upgrade: revision = "" } = options;
  const { commit, build } = await releaseOf(revision, { log: progressLog("release", print) });
  const faults = ORDERS.map((order) => upgradeFault({ from: build, to: CURRENT }, order));
  const kind = { name: "order", form: `--upgrade ${revision}` };
  const { table, ...outcome } = await runTrials(faults, options, print, kind);
  return { table: `From ${commit} to ${await describeCurrent()}.\n\n${table}`, ...outcome };
}
