import { ensureBuilt } from "@parley/local";
import { FAULTS } from "./faults/index.ts";
import { ATTACKS } from "./hostile/attacks/index.ts";
import { runAttacks } from "./hostile/run-attacks.ts";
import { findMutants } from "./mutants/find-mutants.ts";
import { HELP, type Options, parseOptions } from "./options.ts";
import { writeReport } from "./report/write-report.ts";
import { runFaults, runMutants } from "./runner/runs.ts";
import { runSoak } from "./soak/run-soak.ts";
import { ORDERS } from "./upgrade/plan.ts";
import { ReleaseUnavailable } from "./upgrade/release.ts";
import { runUpgrades } from "./upgrade/run-upgrades.ts";

// Setting `exitCode` isn't enough: Node 26 may wait forever for the handle of a connection that was cut.
process.exit(await main(process.argv.slice(2)).catch(report));

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args, {
    faults: FAULTS.map(({ id }) => id),
    mutants: findMutants().map(({ name }) => name),
    attacks: ATTACKS.map(({ name }) => name),
    orders: ORDERS.map(({ id }) => id),
  });
  if (typeof options === "string") {
    process.stderr.write(`${options}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  ensureBuilt();
  // A seed repeats the choices of faults. Attacks and soaks have no such choices.
  if (!options.hostile && !options.soak) print(`seed ${options.seed}\n`);
  const startedMs = performance.now();
  const { table, summary, isSuccess } = await runOf(options)(options, print);
  print(`\n${table}\n\n${summary}, in ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`);
  if (options.write) await writeReport(table, options);
  return isSuccess ? 0 : 1;
}

function runOf({ broken, hostile, soak, upgrade }: Options) {
  if (broken) return runMutants;
  if (hostile) return runAttacks;
  if (soak) return runSoak;
  return upgrade === undefined ? runFaults : runUpgrades;
}

function print(text: string): void {
  process.stdout.write(text);
}

/** Prints only the message if a release can't be built, because its stack tells nothing. */
function report(error: unknown): number {
  if (!(error instanceof ReleaseUnavailable)) throw error;
  process.stderr.write(`${error.message}\n`);
  return 1;
}
