import { ensureBuilt } from "@parley/local";
import { FAULTS } from "./faults/index.ts";
import { ATTACKS } from "./hostile/attacks/index.ts";
import { runAttacks } from "./hostile/run-attacks.ts";
import { findMutants } from "./mutants/find-mutants.ts";
import { HELP, parseOptions } from "./options.ts";
import { writeReport } from "./report/write-report.ts";
import { runFaults, runMutants } from "./runner/runs.ts";
import { runSoak } from "./soak/run-soak.ts";

// Setting `exitCode` isn't enough: Node 26 may wait forever for the handle of a connection that was cut.
process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args, {
    faults: FAULTS.map(({ id }) => id),
    mutants: findMutants().map(({ name }) => name),
    attacks: ATTACKS.map(({ name }) => name),
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
  const run = options.broken ? runMutants : options.hostile ? runAttacks : options.soak ? runSoak : runFaults;
  // A seed repeats the choices of faults. Attacks and soaks have no such choices.
  if (!options.hostile && !options.soak) print(`seed ${options.seed}\n`);
  const startedMs = performance.now();
  const { table, summary, isSuccess } = await run(options, print);
  print(`\n${table}\n\n${summary}, in ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`);
  if (options.write) await writeReport(table, options);
  return isSuccess ? 0 : 1;
}

function print(text: string): void {
  process.stdout.write(text);
}
