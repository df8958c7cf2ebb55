import type { Options } from "../options.ts";
import type { Outcome } from "../runner/outcome.ts";
import { type Print, progressLog } from "../runner/progress-log.ts";
import { FULL_LOAD } from "./load/load.ts";
import { soakSummary, soakTable } from "./report/soak-table.ts";
import { soakTrial } from "./soak-trial.ts";

/** Runs the full load for the chosen time. The outcome is a success if nothing grew, was lost or was doubled. */
export async function runSoak({ minutes }: Options, print: Print): Promise<Outcome> {
  const result = await soakTrial({ minutes, load: FULL_LOAD, log: progressLog("soak", print) });
  const isSuccess = result.kind === "completed" && result.problems.length === 0;
  return { table: soakTable(result), summary: soakSummary(result), isSuccess };
}
