import type { Fault } from "../faults/fault.ts";
import type { Options } from "../options.ts";

/** A planned run of one fault. */
export interface PlannedRun<F> {
  readonly fault: F;
  /** Shown in the report. A run with the same fault, seed and options makes the same random choices. */
  readonly seed: number;
}

/**
 * Plans all runs: first each fault once, in the order of `faults`, then each fault again with the next seed, until
 * every fault has been planned as often as the options say.
 */
export function planRuns<F extends Pick<Fault, "isRandom">>(
  faults: readonly F[],
  { seed, times, schedules }: Pick<Options, "seed" | "times" | "schedules">,
): PlannedRun<F>[] {
  const runsOf = (fault: F) => (fault.isRandom ? schedules : times);
  const rounds = Array.from({ length: Math.max(times, schedules) }, (_, round) => round);
  return rounds.flatMap((round) =>
    faults.filter((fault) => runsOf(fault) > round).map((fault) => ({ fault, seed: seed + round })),
  );
}

/** Runs `work` for each item, at most `parallel` at a time. The results are in the order of the items. */
export async function runInParallel<T, R>(
  items: readonly T[],
  parallel: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const left = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return results;
}

/** Describes the progress of a series, with an estimate from the time so far. */
export function describeProgress(done: number, all: number, fallen: number, elapsedMs: number): string {
  const left = all - done;
  const minutes = Math.ceil(((elapsedMs / done) * left) / 60_000);
  const fell = fallen > 0 ? `, ${fallen} fell` : "";
  return `${done} of ${all} runs done${fell}; ${left === 0 ? "none left" : `${left} left, about ${minutes} min`}`;
}
