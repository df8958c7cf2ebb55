import { Checking } from "./checks/checking.ts";
import { describeLeak, judge } from "./judgement/judge.ts";
import { SHORT_LOAD } from "./load/load.ts";
import { describeFailures } from "./report/progress.ts";
import type { SoakCounts, SoakResult } from "./result.ts";
import { countsOf, MINUTE_MS, type Running, type SoakOptions, startAll } from "./running.ts";

/** Name of the soak among the faults of mutants. */
export const SOAK = "soak";
/**
 * A form for tests, which finds only a fast leak. They share the machine: if it stalls for 2 s, a gateway refuses what is sent
 * meanwhile, a twelfth of the load.
 */
export const SHORT_SOAK = { minutes: 0.4, load: SHORT_LOAD, mayFail: 1 / 10 };

/** The part of a run that isn't judged, and its longest time. */
const WARM_UP = 1 / 6;
const MAX_WARM_UP_MINUTES = 10;
/** A greater share of failures is a problem: then the load wasn't the one that is judged. */
const MAY_FAIL = 1 / 1_000;

/**
 * Runs a steady load on separate processes, and judges the growth of every process. Never rejects; a failure of the
 * soak itself is a result.
 */
export async function soakTrial(options: SoakOptions): Promise<SoakResult> {
  const closers: (() => unknown)[] = [];
  try {
    return await runSoak(options, closers);
  } catch (error) {
    return { kind: "aborted", reason: reasonOf(error).slice(0, 600) };
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

async function runSoak(options: SoakOptions, closers: (() => unknown)[]): Promise<SoakResult> {
  const { minutes, load, log } = options;
  const warmUpMinutes = Math.min(MAX_WARM_UP_MINUTES, minutes * WARM_UP);
  log("starts the processes");
  const running = await startAll(options, warmUpMinutes, closers);
  const { users, sampler, findings } = running;
  const checking = new Checking(running, options);
  const judgedFromMs = performance.now() + warmUpMinutes * MINUTE_MS;
  users.start();
  log(`${load.users} users are connected; the load begins`);
  await checking.untilOver();
  const rows = sampler.series.map((series) => judge(series, judgedFromMs));
  await sampler.stop();
  const unfinished = await checking.finish().then(
    () => [],
    (error: unknown) => [reasonOf(error)],
  );
  const counts = countsOf(running);
  const problems = [
    ...sampler.ended.map((process) => `a process ended: ${process}`),
    ...findings.lines(),
    ...unfinished,
    ...failureProblem(running, counts, options.mayFail ?? MAY_FAIL),
    ...rows.filter(({ isLeak }) => isLeak).map(describeLeak),
  ];
  return { kind: "completed", minutes, warmUpMinutes, load, counts, rows, problems };
}

function failureProblem(
  { failures }: Running,
  { sent, connections, reads, failed }: SoakCounts,
  mayFail: number,
): string[] {
  if (failed <= mayFail * (sent + connections + reads)) return [];
  return [`more than one operation in ${Math.round(1 / mayFail)} failed: ${describeFailures(failures)}`];
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
