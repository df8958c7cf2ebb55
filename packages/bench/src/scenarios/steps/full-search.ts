/** What is known of where a subject is full, in deliveries a second. */
export interface Bounds {
  /** The most that it kept up with; 0 for nothing yet. */
  readonly held: number;
  /** The least that it did not keep up with; infinite for nothing yet. */
  readonly missed: number;
}

/** Nearer than that the rounds differ more. */
const NEAR = 1.12;
/** No load generator gets there. */
const MOST = 5_000_000;
const LEAST = 1_000;

export const UNKNOWN: Bounds = { held: 0, missed: Number.POSITIVE_INFINITY };

/** What was kept up with counts for more than what was missed at a lower rate, which then was chance. */
export function narrowed({ held, missed }: Bounds, rate: number, kept: boolean): Bounds {
  if (kept) return { held: Math.max(held, rate), missed: missed > rate ? missed : UNKNOWN.missed };
  return { held, missed: rate > held ? Math.min(missed, rate) : missed };
}

/** The rate to try next, or undefined once it is known well enough: twice as much, half as much, or between. */
export function nextRate({ held, missed }: Bounds): number | undefined {
  if (missed / held <= NEAR || held >= MOST || missed <= LEAST) return undefined;
  if (missed === Number.POSITIVE_INFINITY) return Math.min(MOST, held * 2);
  if (held === 0) return missed / 2;
  return Math.round(Math.sqrt(held * missed));
}
