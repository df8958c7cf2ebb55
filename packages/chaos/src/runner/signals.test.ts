import { describe, expect, it } from "vitest";
import { type SignalStep, signals } from "./signals.ts";

function first(seed: number, count: number): SignalStep[] {
  const schedule = signals(seed, 7);
  return Array.from({ length: count }, () => schedule.next().value);
}

describe("the schedule of F26", () => {
  it("F26: is the same for the same seed, and another one for another seed", () => {
    expect(first(1, 20)).toEqual(first(1, 20));
    expect(first(1, 20)).not.toEqual(first(2, 20));
  });

  it("F26: kills and freezes every process, each for less than the time for an answer", () => {
    const steps = first(3, 200);
    const kinds = new Set(steps.map(({ target, signal }) => `${signal} ${target}`));
    expect(kinds.size).toBe(14);
    expect(Math.max(...steps.map(({ durationMs }) => durationMs))).toBeLessThanOrEqual(3_000);
  });
});
