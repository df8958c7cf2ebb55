import { join } from "node:path";
import type { Fault } from "../faults/fault.ts";
import { LOGS, type TrialOptions, trial } from "../runner/trial.ts";
import { bundle } from "./bundle.ts";
import type { BrokenRow } from "./mutant-table.ts";
import type { BrokenBuild } from "./mutants.ts";

/** Bundles the build and runs its fault, small, in a house that is otherwise as shipped. Rejects as `bundle` does. */
export async function brokenTrial(
  build: BrokenBuild,
  faults: readonly Fault[],
  options: Omit<TrialOptions, "short" | "logs">,
): Promise<BrokenRow> {
  const fault = faults.find(({ id }) => id === build.fault);
  if (!fault) throw new Error(`${build.name}: there is no fault ${build.fault}`);
  options.say("is built");
  const folder = join(LOGS, "broken", build.name);
  const builds = { [build.app]: await bundle(build, folder) };
  const broken = { ...fault, knobs: { ...fault.knobs, builds } };
  return { build, result: await trial(broken, { ...options, short: true, logs: join(folder, "run") }) };
}
