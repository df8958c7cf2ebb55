import { expect, it } from "vitest";
import { median, percentile } from "./statistics.ts";

it("a percentile is the nearest rank, and NaN without values", () => {
  const values = Array.from({ length: 200 }, (_, n) => 200 - n);
  expect([percentile(values, 0.99), percentile(values, 1), percentile([7], 0.5)]).toEqual([198, 200, 7]);
  expect(percentile([], 0.99)).toBeNaN();
});

it("a median is the middle value or the mean of two, and NaN without values", () => {
  expect([median([9, 1, 5]), median([1, 4])]).toEqual([5, 2.5]);
  expect(median([])).toBeNaN();
});
