import { expect, it } from "vitest";
import { retryAfterOf } from "./retry-after.ts";

it.each([
  [1_500, 1_500],
  [0, 0],
  [31_536_000_000, 300_000],
  [Number.POSITIVE_INFINITY, 300_000],
  [-1, undefined],
  [Number.NaN, undefined],
  ["1500", undefined],
  [null, undefined],
  [undefined, undefined],
])("P55: a server that asks for %o makes a client wait for %o ms", (asked, waits) => {
  expect(retryAfterOf(asked)).toBe(waits);
});
