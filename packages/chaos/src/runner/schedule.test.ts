import { describe, expect, it } from "vitest";
import { FAULTS } from "../faults/index.ts";
import { type Step, schedule } from "./schedule.ts";

function first(count: number, seed: number): Step[] {
  const steps = schedule(seed, FAULTS);
  return Array.from({ length: count }, () => steps.next().value);
}

describe("the schedule of F18", () => {
  it("F18: the same seed gives the same schedule, another one another", () => {
    expect(first(50, 7)).toEqual(first(50, 7));
    expect(first(50, 7)).not.toEqual(first(50, 8));
  });

  it("F18: every fault that can be drawn comes before any comes again", () => {
    const drawable = FAULTS.filter(({ touches }) => touches !== undefined).map(({ id }) => id);
    const drawn = first(50, 3).flatMap(({ together }) => together);
    expect(drawn.slice(0, drawable.length).toSorted()).toEqual(drawable.toSorted());
  });

  it("F18: what strikes together strikes at different parts", () => {
    const parts = new Map(FAULTS.map(({ id, touches }) => [id, touches ?? []]));
    const pairs = first(500, 5).filter(({ together }) => together.length === 2);
    expect(pairs.length).toBeGreaterThan(50);
    for (const { together } of pairs) {
      const touched = together.flatMap((id) => parts.get(id) ?? []);
      expect(new Set(touched).size).toBe(touched.length);
    }
  });
});
