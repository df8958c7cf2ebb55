import { median } from "@parley/testkit";

export interface Point {
  /** Time of a monotonic clock, in ms. */
  readonly atMs: number;
  readonly value: number;
}

/** A slope per hour, with the bounds between which it is with a probability of 95 %. */
export interface Slope {
  readonly perHour: number;
  readonly low: number;
  readonly high: number;
}

const HOUR_MS = 3_600_000;
/** The number of standard deviations that leaves 2.5 % of a normal distribution on each side. */
const Z = 1.96;

/**
 * Returns the slope by Theil and Sen: the median of the slopes between all pairs of points. A few outliers don't change
 * it. The bounds are those of Sen, from the variance of Kendall's rank correlation.
 */
export function slopeOf(points: readonly Point[]): Slope {
  const slopes = points
    .flatMap((one, index) =>
      points.slice(index + 1).map((other) => ((other.value - one.value) * HOUR_MS) / (other.atMs - one.atMs)),
    )
    .sort((a, b) => a - b);
  const count = points.length;
  const half = (Z * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18)) / 2;
  const at = (index: number) =>
    slopes[Math.min(slopes.length - 1, Math.max(0, Math.round(index)))] ?? Number.NaN;
  return {
    perHour: median(slopes),
    low: at(slopes.length / 2 - half - 1),
    high: at(slopes.length / 2 + half),
  };
}

/**
 * Divides the time into equal intervals and returns the lowest point of each. The floor of the memory is what is left
 * after a collection, and the floor of a count is what is left between two bursts. A leak raises both.
 */
export function floors(points: readonly Point[], intervals: number): Point[] {
  const [first, last] = [points.at(0), points.at(-1)];
  if (!first || !last) return [];
  const lengthMs = (last.atMs - first.atMs) / intervals;
  const groups = Object.values(
    Object.groupBy(points, ({ atMs }) =>
      Math.min(intervals - 1, Math.floor((atMs - first.atMs) / lengthMs || 0)),
    ),
  );
  return groups.flatMap((group = []) => group.toSorted((a, b) => a.value - b.value).slice(0, 1));
}
