import type { Options } from "../options.ts";
import type { Outcome } from "../runner/outcome.ts";
import { type Print, progressLog } from "../runner/progress-log.ts";
import { describeProgress } from "../runner/series.ts";
import { attackTrial } from "./attack-trial.ts";
import { ATTACKS } from "./attacks/index.ts";
import { attackSummary, attackTable } from "./report/attack-table.ts";
import { type AttackResult, problemsOf } from "./result.ts";

/** Runs the chosen attacks, one after the other, because two at once would disturb each other's measurements. */
export async function runAttacks({ only, times, short }: Options, print: Print): Promise<Outcome> {
  const trials = ATTACKS.filter(({ name }) => only.includes(name)).flatMap((attack) =>
    attack.shapes.map((shape) => ({ attack, shape })),
  );
  const startedMs = performance.now();
  const results: AttackResult[] = [];
  let missed = 0;
  for (const { attack, shape } of trials) {
    const log = progressLog(`${attack.name}, ${shape}`, print);
    const result = await attackTrial(attack, shape, { rounds: short ? 1 : times, short, log });
    results.push(result);
    const problems = problemsOf(result, results);
    if (problems.length > 0) missed += 1;
    log(problems.length === 0 ? "met every goal" : "MISSED");
    problems.forEach(log);
    print(`    ${describeProgress(results.length, trials.length, missed, performance.now() - startedMs)}\n`);
  }
  return {
    table: attackTable(results),
    summary: attackSummary(results),
    isSuccess: results.every((result) => problemsOf(result, results).length === 0),
  };
}
