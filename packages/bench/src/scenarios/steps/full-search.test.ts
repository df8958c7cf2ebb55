import { expect, it } from "vitest";
import { narrowed, nextRate, UNKNOWN } from "./full-search.ts";

/** Searches a server that is full at `capacity`. */
function search(capacity: number, first: readonly number[]): { held: number; steps: number } {
  let bounds = first.reduce((known, rate) => narrowed(known, rate, rate <= capacity), UNKNOWN);
  let steps = 0;
  for (let rate = nextRate(bounds); rate !== undefined; rate = nextRate(bounds)) {
    bounds = narrowed(bounds, rate, rate <= capacity);
    steps += 1;
  }
  return { held: bounds.held, steps };
}

it.each([
  [110_000, [20_000, 50_000, 150_000]],
  [1_300_000, [20_000, 50_000, 150_000, 500_000]],
  [9_000, [20_000]],
])("finds %d within an eighth, in few steps", (capacity, first) => {
  const { held, steps } = search(capacity, first);
  expect(held).toBeLessThanOrEqual(capacity);
  expect(held).toBeGreaterThan(capacity / 1.125);
  expect(steps).toBeLessThanOrEqual(8);
});

it("gives up where there is no end, and where nothing goes", () => {
  expect(search(Number.POSITIVE_INFINITY, [500_000])).toEqual({ held: 5_000_000, steps: 4 });
  expect(search(0, [20_000]).held).toBe(0);
});

it("a miss below what was kept up with was chance", () => {
  const chance = narrowed(UNKNOWN, 20_000, false);
  expect(narrowed(chance, 50_000, true)).toEqual({ held: 50_000, missed: Number.POSITIVE_INFINITY });
  expect(narrowed({ held: 50_000, missed: 100_000 }, 20_000, false)).toEqual({
    held: 50_000,
    missed: 100_000,
  });
});
