import type { Fault } from "../faults/fault.ts";
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
import { allHeld, faultReport, faultSummary, type Run, verdictOf } from "../report/table.ts";
import type { Outcome } from "./outcome.ts";
import { type Print, progressLog } from "./progress-log.ts";
import { problemsOf } from "./result.ts";
import { describeProgress, planRuns, runInParallel } from "./series.ts";
import { trial } from "./trial.ts";

/** Runs the chosen faults against the shipped apps. The outcome is a success if every guarantee held. */
export function runFaults(options: Options, print: Print): Promise<Outcome> {
  return runTrials(FAULTS, options, print);
}

/** Names of another kind of trial than faults: one of its trials, for the table, and the option that chooses it. */
export interface Kind {
  readonly name: string;
  readonly form: string;
}

/** Runs the chosen ones among the faults. The outcome is a success if every guarantee held. */
export async function runTrials(
  faults: readonly Fault[],
  options: Options,
  print: Print,
  kind?: Kind,
): Promise<Outcome> {
  const { short, minutes } = options;
  const plan = planRuns(
    faults.filter(({ id }) => options.only.includes(id)),
    options,
  );
  const startedMs = performance.now();
  const done: Run[] = [];
  const runs = await runInParallel(plan, options.parallel, async ({ fault, seed }) => {
    const log = progressLog(`${fault.id} seed ${seed}`, print);
    const trialOptions = { seed, short, minutes, log, ...(kind && { form: kind.form }) };
    const run = { fault, seed, result: await trial(fault, trialOptions) };
    log(`${verdictOf(run.result)}: ${fault.title}`);
    problemsOf(run.result).forEach(log);
    done.push(run);
    const fallen = done.filter((each) => !allHeld([each])).length;
    print(`    ${describeProgress(done.length, plan.length, fallen, performance.now() - startedMs)}\n`);
    return run;
  });
  return { table: faultReport(runs, kind?.name), summary: faultSummary(runs), isSuccess: allHeld(runs) };
}

/** Runs the chosen mutants, each under its fault. The outcome is a success if the checker detected every mutant. */
export async function runMutants(options: Options, print: Print): Promise<Outcome> {
  const { seed, minutes } = options;
  const mutants = findMutants().filter(({ name }) => options.only.includes(name));
  const rows: MutantRow[] = await runInParallel(mutants, options.parallel, async (mutant) => {
    const log = progressLog(`${mutant.fault} ${mutant.name}`, print);
    const row = await mutantTrial(mutant, FAULTS, { seed, minutes, log });
    log(`${colorOf(row)}: ${mutant.breaks}`);
    return row;
  });
  return { table: mutantTable(rows), summary: mutantSummary(rows), isSuccess: areAllDetected(rows) };
}
