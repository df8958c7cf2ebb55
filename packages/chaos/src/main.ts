import { FAULTS } from "./faults/index.ts";
import { findMutants } from "./mutants/find-mutants.ts";
import { HELP, optionsFrom } from "./options.ts";
import { writeReport } from "./report/write-report.ts";
import { runFaults, runMutants } from "./runner/runs.ts";

// Not `exitCode`: Node 26 was seen to wait without end for a handle of a link that had been cut.
process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const options = optionsFrom(args, {
    faults: FAULTS.map(({ id }) => id),
    mutants: findMutants().map(({ name }) => name),
  });
  if (typeof options === "string") {
    process.stderr.write(`${options}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  print(`seed ${options.seed}\n`);
  const began = performance.now();
  const { table, summary, isWell } = await (options.broken ? runMutants : runFaults)(options, print);
  print(`\n${table}\n\n${summary}, in ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
  if (options.write) await writeReport(table, options);
  return isWell ? 0 : 1;
}

function print(text: string): void {
  process.stdout.write(text);
}
