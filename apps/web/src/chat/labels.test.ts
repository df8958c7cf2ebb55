import { describe, expect, it } from "vitest";
import { dayOf, hueOf, nameIn } from "./labels.ts";

describe("words", () => {
  it("a day is told as people say it, across the end of a month too", () => {
    const now = new Date(2026, 2, 1, 0, 5);
    const at = (...local: [number, number, number, number]) => new Date(...local).toISOString();
    expect(dayOf(at(2026, 2, 1, 0), now)).toBe("Today");
    expect(dayOf(at(2026, 1, 28, 23), now)).toBe("Yesterday");
    expect(dayOf(at(2026, 1, 27, 23), now)).toContain("2026");
    expect(dayOf(at(2025, 2, 1, 0), now)).toContain("2025");
  });

  it("every name has one of the colours there are, and many names have them evenly", () => {
    const names = Array.from({ length: 700 }, (_, n) => `user-${n}`);
    const hues = names.map(hueOf);
    expect(hues).toEqual(names.map(hueOf));
    for (const hue of [1, 2, 3, 4, 5, 6, 7])
      expect(hues.filter((one) => one === hue).length).toBeGreaterThan(50);
    expect(new Set(hues).size).toBe(7);
  });

  it("P4: a name is composed, trimmed, and nothing but a name", () => {
    expect(nameIn(" Zoe\u0308 ")).toBe("Zo\u00eb");
    for (const text of ["", "a b", "a/b", "x".repeat(65)]) expect(nameIn(text)).toBeUndefined();
  });
});
