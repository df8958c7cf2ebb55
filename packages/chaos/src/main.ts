import { FAULTS } from "./faults/index.ts";
import { HELP, optionsFrom } from "./options.ts";
import { writeReport } from "./report.ts";
import { held, type Row, summaryOf, tableOf, verdictOf } from "./table.ts";
import { trial } from "./trial.ts";

// Not `exitCode`: Node 26 was seen to wait without end for a handle of a link that had been cut.
process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const options = optionsFrom(
    args,
    FAULTS.map(({ id }) => id),
  );
  if (typeof options === "string") {
    process.stderr.write(`${options}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  print(`seed ${options.seed}\n`);
  const rows: Row[] = [];
  const began = performance.now();
  for (const fault of FAULTS.filter(({ id }) => options.only.includes(id))) {
    const started = performance.now();
    const seconds = () => ((performance.now() - started) / 1000).toFixed(0).padStart(3);
    const say = (what: string) => print(`${fault.id.padEnd(3)} ${seconds()} s  ${what}\n`);
    const result = await trial(fault, { ...options, say });
    say(`${verdictOf(result)}: ${fault.title}`);
    rows.push({ fault, result });
  }
  const table = tableOf(rows);
  print(`\n${table}\n\n${summaryOf(rows)}, in ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
  if (options.write) await writeReport(table, options);
  return held(rows) ? 0 : 1;
}

function print(text: string): void {
  process.stdout.write(text);
}
