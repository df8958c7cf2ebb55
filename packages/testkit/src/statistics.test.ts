import { describe, expect, it } from "vitest";
import { median, percentile } from "./statistics.ts";

const upTo100 = Array.from({ length: 100 }, (_, index) => 100 - index);

describe("percentile", () => {
  it.each([
    [0, 1],
    [0.5, 50],
    [0.99, 99],
    [0.991, 100],
    [1, 100],
  ])("of 1 to 100 in any order, %d is %d", (share, value) => {
    expect(percentile(upTo100, share)).toBe(value);
  });

  it("is the nearest rank", () => {
    const upTo200 = Array.from({ length: 200 }, (_, n) => 200 - n);
    expect([percentile(upTo200, 0.99), percentile(upTo200, 1), percentile([7], 0.5)]).toEqual([198, 200, 7]);
  });

  it("of one value is that value, of none is NaN", () => {
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
    expect(percentile([], 0.99)).toBeNaN();
  });

  it("sorts as numbers, and doesn't change its input", () => {
    const values = [10, 9, 100];
    expect(percentile(values, 1)).toBe(100);
    expect(values).toEqual([10, 9, 100]);
  });
});

it("median: the middle value, or the mean of the two middle values", () => {
  expect(median([9, 1, 100])).toBe(9);
  expect(median([4, 1, 2, 100])).toBe(3);
  expect([median([9, 1, 5]), median([1, 4])]).toEqual([5, 2.5]);
  expect(median([])).toBeNaN();
});
