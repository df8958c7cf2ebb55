import { describe, expect, it } from "vitest";
import { FAULTS } from "../faults/index.ts";
import { type Step, schedule } from "./schedule.ts";

function firstSteps(count: number, seed: number): Step[] {
  const steps = schedule(seed, FAULTS);
  return Array.from({ length: count }, () => steps.next().value);
}

describe("the schedule of F18", () => {
  it("F18: is the same for the same seed, and another one for another seed", () => {
    expect(firstSteps(50, 7)).toEqual(firstSteps(50, 7));
    expect(firstSteps(50, 7)).not.toEqual(firstSteps(50, 8));
  });

  it("F18: has every fault that may be drawn once before any comes again", () => {
    const drawable = FAULTS.filter(({ affects }) => affects !== undefined).map(({ id }) => id);
    const drawn = firstSteps(50, 3).flatMap(({ faultIds }) => faultIds);
    expect(drawn.slice(0, drawable.length).toSorted()).toEqual(drawable.toSorted());
  });

  it("F18: combines only faults that affect different components", () => {
    const affected = new Map(FAULTS.map(({ id, affects }) => [id, affects ?? []]));
    const pairs = firstSteps(500, 5).filter(({ faultIds }) => faultIds.length === 2);
    expect(pairs.length).toBeGreaterThan(50);
    for (const { faultIds } of pairs) {
      const components = faultIds.flatMap((id) => affected.get(id) ?? []);
      expect(new Set(components).size).toBe(components.length);
    }
  });
});
