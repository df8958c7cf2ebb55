import type { Measure } from "./measures.ts";
import { floors, type Point, type Slope, slopeOf } from "./slope.ts";

/** The values of one figure of one process over a run, in the unit of the measure. */
export interface Series {
  readonly process: string;
  readonly measure: Measure;
  readonly points: Point[];
}

/** A series and the judgement on it. */
export interface Judged {
  readonly process: string;
  readonly measure: string;
  /** The lowest and the highest value of the judged time. */
  readonly lowest: number;
  readonly highest: number;
  readonly slope: Slope;
  /** The slope that is allowed, per hour. */
  readonly bound: number;
  readonly isLeak: boolean;
}

/** So few that each interval of an hour has a full collection of every heap: some processes make one in four minutes. */
const INTERVALS = 12;
/** Intervals of fewer samples would have no floor. */
const SAMPLES_PER_INTERVAL = 3;
const HOUR_MS = 3_600_000;
/** V8 sizes the heap of a process during its first minutes, by what it finds in its first collections. */
const YOUNG_MS = 300_000;

/**
 * Judges the part of a series from `fromMs` on. It is a leak if the slope is above the bound, and above zero with a
 * probability of 97.5 %.
 */
export function judge({ process, measure, points }: Series, fromMs: number): Judged {
  const judged = points.filter(({ atMs }) => atMs >= fromMs);
  const values = judged.map(({ value }) => value);
  const isYoung = fromMs - (points[0]?.atMs ?? 0) < YOUNG_MS;
  const hours = ((judged.at(-1)?.atMs ?? 0) - (judged.at(0)?.atMs ?? 0)) / HOUR_MS;
  const intervals = Math.min(INTERVALS, Math.floor(judged.length / SAMPLES_PER_INTERVAL));
  const slope = slopeOf(floors(judged, intervals));
  const bound = (isYoung ? measure.mayGrowYoung : measure.mayGrow) / hours;
  return {
    process,
    measure: measure.name,
    lowest: Math.min(...values),
    highest: Math.max(...values),
    slope,
    bound,
    isLeak: slope.perHour > bound && slope.low > 0,
  };
}

/** Describes a leak, such as "persister 1: heap used grows by 120 an hour (95 %: 110 to 130), bound: 24". */
export function describeLeak({ process, measure, slope, bound }: Judged): string {
  const [perHour, low, high] = [slope.perHour, slope.low, slope.high].map(rounded);
  return `${process}: ${measure} grows by ${perHour} an hour (95 %: ${low} to ${high}), bound: ${rounded(bound)}`;
}

/** Rounds for people: whole numbers from 10 on, otherwise one digit. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.abs(value) < 10 ? 1 : 0;
  return value.toLocaleString("en", { maximumFractionDigits: digits }).replace("-0", "0");
}
