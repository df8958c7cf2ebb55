import { expect, it } from "vitest";
import { formatDay } from "./dates.ts";

it("formats a day as Today, Yesterday or a date, also across the end of a month", () => {
  const now = new Date(2026, 2, 1, 0, 5);
  const at = (...local: [number, number, number, number]) => new Date(...local).toISOString();
  expect(formatDay(at(2026, 2, 1, 0), now)).toBe("Today");
  expect(formatDay(at(2026, 1, 28, 23), now)).toBe("Yesterday");
  expect(formatDay(at(2026, 1, 27, 23), now)).toContain("2026");
  expect(formatDay(at(2025, 2, 1, 0), now)).toContain("2025");
});
