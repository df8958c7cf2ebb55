import { join } from "node:path";
import type { Fault } from "../faults/fault.ts";
import { RECORDS, type TrialOptions, trial } from "../runner/trial.ts";
import { SHORT_SOAK, SOAK, soakTrial } from "../soak/soak-trial.ts";
import { CURRENT } from "../upgrade/release.ts";
import { UPGRADE, upgradeFault } from "../upgrade/upgrade.ts";
import { bundle } from "./bundle.ts";
import type { Mutant } from "./mutant.ts";
import type { MutantRow } from "./mutant-table.ts";

/**
 * Bundles the mutant and runs the short form of its fault, a short soak, or a short upgrade from the mutant to the shipped
 * build. All other apps of the cluster run as they are shipped.
 * Rejects when `bundle` rejects.
 */
export async function mutantTrial(
  mutant: Mutant,
  faults: readonly Fault[],
  options: Omit<TrialOptions, "short" | "recordFolder">,
): Promise<MutantRow> {
  options.log("builds the mutant");
  const folder = join(RECORDS, "broken", mutant.name);
  const builds = { [mutant.app]: await bundle(mutant, folder) };
  const upgrade = { ...upgradeFault({ from: { ...CURRENT, ...builds }, to: CURRENT }), id: UPGRADE };
  const fault = [...faults, upgrade].find(({ id }) => id === mutant.fault);
  if (!fault && mutant.fault !== SOAK)
    throw new Error(`${mutant.definedIn}: ${mutant.name}: there is no fault ${mutant.fault}`);
  if (!fault) return { mutant, result: await soakTrial({ ...SHORT_SOAK, builds, log: options.log }) };
  const mutated = { ...fault, clusterOptions: { ...fault.clusterOptions, builds } };
  const recordFolder = join(folder, "run");
  return { mutant, result: await trial(mutated, { ...options, short: true, recordFolder }) };
}
