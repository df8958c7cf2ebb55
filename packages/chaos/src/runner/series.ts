import type { Fault } from "../faults/fault.ts";
import type { Options } from "../options.ts";

/** One run that is to be made. */
export interface Planned<F> {
  readonly fault: F;
  /** Shown, and enough to make the same run again alone. */
  readonly seed: number;
}

/**
 * Every run that was asked for: first each fault once, in their order, then each once more with the next seed, until
 * all have been made as often as they should.
 */
export function planned<F extends Pick<Fault, "isDrawn">>(
  faults: readonly F[],
  { seed, times, schedules }: Pick<Options, "seed" | "times" | "schedules">,
): Planned<F>[] {
  const often = (fault: F) => (fault.isDrawn ? schedules : times);
  const rounds = Array.from({ length: Math.max(times, schedules) }, (_, round) => round);
  return rounds.flatMap((round) =>
    faults.filter((fault) => often(fault) > round).map((fault) => ({ fault, seed: seed + round })),
  );
}

/** Does the work for each item, for so many at a time; the results are in the order of the items. */
export async function beside<T, R>(
  items: readonly T[],
  parallel: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const left = items.entries();
  const worker = async (): Promise<void> => {
    for (const [place, item] of left) results[place] = await work(item);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return results;
}

/** How far a series is, for whoever waits. `elapsedMs` since its begin. */
export function progressWords(done: number, all: number, fallen: number, elapsedMs: number): string {
  const left = all - done;
  const minutes = Math.ceil(((elapsedMs / done) * left) / 60_000);
  const fell = fallen > 0 ? `, ${fallen} fell` : "";
  return `${done} of ${all} runs done${fell}; ${left === 0 ? "none left" : `${left} left, about ${minutes} min`}`;
}
