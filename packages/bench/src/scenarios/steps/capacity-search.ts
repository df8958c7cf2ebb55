/** Known bounds of a target's capacity, in deliveries a second. */
export interface Bounds {
  /** Highest rate that the target sustained; 0 if there is none yet. */
  readonly sustained: number;
  /** Lowest rate that the target didn't sustain; infinite if there is none yet. */
  readonly missed: number;
}

/** The search ends once `missed / sustained` is at most this ratio. The results of rounds differ by more. */
const PRECISION = 1.12;
/** A rate that the load generator can't reach. */
const MAX_RATE = 5_000_000;
const MIN_RATE = 1_000;

/** The bounds before the first step. */
export const UNKNOWN: Bounds = { sustained: 0, missed: Number.POSITIVE_INFINITY };

/**
 * Narrows the bounds by one result. If the target sustained the rate, a miss at a lower rate was chance and is
 * dropped.
 */
export function narrowBounds({ sustained, missed }: Bounds, rate: number, wasSustained: boolean): Bounds {
  if (wasSustained)
    return { sustained: Math.max(sustained, rate), missed: missed > rate ? missed : UNKNOWN.missed };
  return { sustained, missed: rate > sustained ? Math.min(missed, rate) : missed };
}

/** Returns the next rate to try (double, half or between), or undefined once the bounds are close enough. */
export function nextRate({ sustained, missed }: Bounds): number | undefined {
  if (missed / sustained <= PRECISION || sustained >= MAX_RATE || missed <= MIN_RATE) return undefined;
  if (missed === Number.POSITIVE_INFINITY) return Math.min(MAX_RATE, sustained * 2);
  if (sustained === 0) return missed / 2;
  return Math.round(Math.sqrt(sustained * missed));
}
