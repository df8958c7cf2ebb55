import { randomFrom } from "@parley/testkit";
import { describe, expect, it } from "vitest";
import { describeLeak, judge, type Series } from "./judge.ts";
import { APP_MEASURES, MIB, REDIS_MEASURES } from "./measures.ts";
import { floors, slopeOf } from "./slope.ts";

const MEASURES = [...APP_MEASURES, ...Object.values(REDIS_MEASURES)];
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const measure = { name: "memory", unit: MIB, mayGrow: 10, mayGrowYoung: 50 };
const points = (valueAt: (minute: number) => number, minutes = 60, everyMs = 4_000) =>
  Array.from({ length: (minutes * MINUTE_MS) / everyMs }, (_, n) => {
    const atMs = n * everyMs;
    return { atMs, value: valueAt(atMs / MINUTE_MS) };
  });
const series = (valueAt: (minute: number) => number, more: Partial<Series> = {}): Series => ({
  process: "gateway 1",
  measure,
  points: points(valueAt),
  ...more,
});
const isLeak = (valueAt: (minute: number) => number) => judge(series(valueAt), 10 * MINUTE_MS).isLeak;

describe("a slope", () => {
  it("is the median of the slopes of all pairs, with bounds on both sides", () => {
    const random = randomFrom(1);
    const noisy = points((minute) => 3 * minute + 20 * random(), 60, MINUTE_MS);
    const { perHour, low, high } = slopeOf(noisy);
    expect(perHour).toBeGreaterThan(170);
    expect(perHour).toBeLessThan(190);
    expect(low).toBeLessThan(perHour);
    expect(high).toBeGreaterThan(perHour);
    expect(slopeOf(points((minute) => 3 * minute)).perHour).toBeCloseTo(180);
  });

  it("isn't changed by a few outliers", () => {
    const outliers = points((minute) => (minute % 10 < 1 ? 5_000 : 100), 60, MINUTE_MS);
    expect(slopeOf(outliers)).toMatchObject({ perHour: 0, low: 0, high: 0 });
  });

  it("is taken from the lowest point of each interval", () => {
    const garbage = points((minute) => 50 + 30 * (minute % 1));
    expect(floors(garbage, 60).map(({ value }) => Math.round(value))).toEqual(Array(60).fill(50));
    expect(floors([], 60)).toEqual([]);
  });
});

describe("a figure", () => {
  it("that is flat, noisy, or rises and falls is no leak", () => {
    const random = randomFrom(2);
    expect(isLeak(() => 100)).toBe(false);
    expect(isLeak(() => 100 + 80 * random())).toBe(false);
    expect(isLeak((minute) => 100 + 40 * Math.sin(minute / 3))).toBe(false);
    expect(isLeak((minute) => 100 - minute)).toBe(false);
  });

  it("that falls with each collection of the heap is no leak, whatever the times of the collections", () => {
    const random = randomFrom(4);
    const heapOf = (): ((minute: number) => number) => {
      let used = 25;
      let collectAt = 0;
      return (minute) => {
        used += 1 + random();
        if (minute >= collectAt) [used, collectAt] = [25 + random(), minute + 1 + 3 * random()];
        return used;
      };
    };
    expect(Array.from({ length: 100 }, heapOf).filter(isLeak)).toEqual([]);
  });

  it("may rise while the process starts, and by as much as its measure allows", () => {
    expect(isLeak((minute) => Math.min(300, 30 * minute))).toBe(false);
    expect(isLeak((minute) => 100 + (9 * minute) / 50)).toBe(false);
    expect(isLeak((minute) => 100 + (11 * minute) / 50)).toBe(true);
  });

  it.for(MEASURES)("is a leak when it rises without end: $name", (each) => {
    const { mayGrow } = each;
    const random = randomFrom(3);
    const leaking = { measure: each, points: points((minute) => mayGrow * (minute / 25 + random())) };
    expect(judge({ process: "gateway 1", ...leaking }, 10 * MINUTE_MS)).toMatchObject({ isLeak: true });
  });

  it("is a leak in a short run when it rises by more than a young process does", () => {
    const short = (perMinute: number) =>
      judge(
        series(() => 0, { points: points((minute) => perMinute * minute, 0.5, 250) }),
        5_000,
      );
    expect(short(60)).toMatchObject({ isLeak: false });
    expect(short(150)).toMatchObject({ isLeak: true });
  });

  it("that leaks is described with its slope and its bound", () => {
    const leak = judge(
      series((minute) => 100 + minute),
      10 * MINUTE_MS,
    );
    expect(leak.bound).toBeCloseTo((measure.mayGrow * HOUR_MS) / (50 * MINUTE_MS - 4_000));
    expect(describeLeak(leak)).toBe("gateway 1: memory grows by 60 an hour (95 %: 60 to 60), bound: 12");
  });
});
