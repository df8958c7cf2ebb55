import { BROKEN_BUILDS } from "./broken/builds.ts";
import { type BrokenRow, brokenSummaryOf, brokenTableOf, colourOf, foundOut } from "./broken/rows.ts";
import { brokenTrial } from "./broken/trial.ts";
import { FAULTS } from "./faults/index.ts";
import type { Options } from "./options.ts";
import { held, type Row, summaryOf, tableOf, verdictOf } from "./table.ts";
import { trial } from "./trial.ts";

/** What came of a run. */
export interface Outcome {
  /** Markdown. */
  readonly table: string;
  /** One line. */
  readonly summary: string;
  readonly isWell: boolean;
}

/** Writes for whoever waits. */
type Print = (text: string) => void;

/** One fault after the other, against what is shipped: all is well where every guarantee held. */
export async function runFaults(options: Options, print: Print): Promise<Outcome> {
  const rows: Row[] = [];
  for (const fault of FAULTS.filter(({ id }) => options.only.includes(id))) {
    const say = teller(fault.id, print);
    const result = await trial(fault, { ...options, say });
    say(`${verdictOf(result)}: ${fault.title}`);
    rows.push({ fault, result });
  }
  return { table: tableOf(rows), summary: summaryOf(rows), isWell: held(rows) };
}

/** One broken build after the other, each under its fault: all is well where the checker found out every one. */
export async function runBroken(options: Options, print: Print): Promise<Outcome> {
  const rows: BrokenRow[] = [];
  for (const build of BROKEN_BUILDS.filter(({ name }) => options.only.includes(name))) {
    const say = teller(build.fault, print);
    say(build.name);
    const row = await brokenTrial(build, FAULTS, { ...options, say });
    say(`${colourOf(row)}: ${build.breaks}`);
    rows.push(row);
  }
  return { table: brokenTableOf(rows), summary: brokenSummaryOf(rows), isWell: foundOut(rows) };
}

/** Prints what it is told, with the time since it was made. */
function teller(who: string, print: Print): (what: string) => void {
  const started = performance.now();
  const seconds = () => ((performance.now() - started) / 1000).toFixed(0).padStart(3);
  return (what) => print(`${who.padEnd(3)} ${seconds()} s  ${what}\n`);
}
