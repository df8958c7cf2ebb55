import { expect, it } from "vitest";
import { narrowBounds, nextRate, UNKNOWN } from "./capacity-search.ts";

/** Runs the search for a server that sustains rates up to `capacity`. */
function search(capacity: number, firstRates: readonly number[]): { sustained: number; steps: number } {
  let bounds = firstRates.reduce((known, rate) => narrowBounds(known, rate, rate <= capacity), UNKNOWN);
  let steps = 0;
  for (let rate = nextRate(bounds); rate !== undefined; rate = nextRate(bounds)) {
    bounds = narrowBounds(bounds, rate, rate <= capacity);
    steps += 1;
  }
  return { sustained: bounds.sustained, steps };
}

it.each([
  [110_000, [20_000, 50_000, 150_000]],
  [1_300_000, [20_000, 50_000, 150_000, 500_000]],
  [9_000, [20_000]],
])("finds a capacity of %d within an eighth, in few steps", (capacity, firstRates) => {
  const { sustained, steps } = search(capacity, firstRates);
  expect(sustained).toBeLessThanOrEqual(capacity);
  expect(sustained).toBeGreaterThan(capacity / 1.125);
  expect(steps).toBeLessThanOrEqual(8);
});

it("stops at the upper bound if every rate is sustained, and at 0 if none is", () => {
  expect(search(Number.POSITIVE_INFINITY, [500_000])).toEqual({ sustained: 5_000_000, steps: 4 });
  expect(search(0, [20_000]).sustained).toBe(0);
});

it("a sustained rate overrides a miss at a lower rate", () => {
  const chance = narrowBounds(UNKNOWN, 20_000, false);
  expect(narrowBounds(chance, 50_000, true)).toEqual({ sustained: 50_000, missed: Number.POSITIVE_INFINITY });
  expect(narrowBounds({ sustained: 50_000, missed: 100_000 }, 20_000, false)).toEqual({
    sustained: 50_000,
    missed: 100_000,
  });
});
