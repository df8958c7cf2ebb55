import { FAULTS } from "../faults/index.ts";
import { findMutants } from "../mutants/find-mutants.ts";
import {
  areAllDetected,
  colorOf,
  type MutantRow,
  mutantSummary,
  mutantTable,
} from "../mutants/mutant-table.ts";
import { mutantTrial } from "../mutants/mutant-trial.ts";
import type { Options } from "../options.ts";
import { held, type Run, reportOf, summaryOf, verdictOf } from "../report/table.ts";
import { problemsOf } from "./result.ts";
import { beside, planned, progressWords } from "./series.ts";
import { trial } from "./trial.ts";

/** What came of all runs. */
export interface Outcome {
  /** Markdown. */
  readonly table: string;
  /** One line. */
  readonly summary: string;
  readonly isWell: boolean;
}

/** Writes for whoever waits. */
type Print = (text: string) => void;

/** Every fault against what is shipped, as often as was asked for: all is well where every guarantee held. */
export async function runFaults(options: Options, print: Print): Promise<Outcome> {
  const plan = planned(
    FAULTS.filter(({ id }) => options.only.includes(id)),
    options,
  );
  const began = performance.now();
  const done: Run[] = [];
  const runs = await beside(plan, options.parallel, async ({ fault, seed }) => {
    const say = teller(`${fault.id} seed ${seed}`, print);
    const run = { fault, seed, result: await trial(fault, { ...options, seed, say }) };
    say(`${verdictOf(run.result)}: ${fault.title}`);
    problemsOf(run.result).forEach(say);
    done.push(run);
    const fallen = done.filter((each) => !held([each])).length;
    print(`    ${progressWords(done.length, plan.length, fallen, performance.now() - began)}\n`);
    return run;
  });
  return { table: reportOf(runs), summary: summaryOf(runs), isWell: held(runs) };
}

/** Runs every mutant under its fault: all is well when the checker detects every one. */
export async function runMutants(options: Options, print: Print): Promise<Outcome> {
  const mutants = findMutants().filter(({ name }) => options.only.includes(name));
  const rows: MutantRow[] = await beside(mutants, options.parallel, async (mutant) => {
    const say = teller(`${mutant.fault} ${mutant.name}`, print);
    const row = await mutantTrial(mutant, FAULTS, { ...options, say });
    say(`${colorOf(row)}: ${mutant.breaks}`);
    return row;
  });
  return { table: mutantTable(rows), summary: mutantSummary(rows), isWell: areAllDetected(rows) };
}

/** Prints what it is told, with the time since it was made. */
function teller(who: string, print: Print): (what: string) => void {
  const started = performance.now();
  const seconds = () => ((performance.now() - started) / 1000).toFixed(0).padStart(3);
  return (what) => print(`${who.padEnd(3)} ${seconds()} s  ${what}\n`);
}
