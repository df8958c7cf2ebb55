import { describe, expect, it } from "vitest";
import { hueOf, parseName } from "./names.ts";

describe("names", () => {
  it("have one of the colours each, and the colours are used evenly", () => {
    const names = Array.from({ length: 700 }, (_, n) => `user-${n}`);
    const hues = names.map(hueOf);
    expect(hues).toEqual(names.map(hueOf));
    for (const hue of [1, 2, 3, 4, 5, 6, 7])
      expect(hues.filter((one) => one === hue).length).toBeGreaterThan(50);
    expect(new Set(hues).size).toBe(7);
  });

  it("P4: are trimmed, composed and checked when they are typed", () => {
    expect(parseName(" Zoe\u0308 ")).toBe("Zo\u00eb");
    for (const text of ["", "a b", "a/b", "x".repeat(65)]) expect(parseName(text)).toBeUndefined();
  });
});
