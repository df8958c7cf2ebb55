import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineSampler } from "./line-sampler.ts";

const line = fc.record({
  level: fc.constantFrom("info", "warn"),
  text: fc.nat(150).map((n) => `text ${n}`),
});

describe("the line sampler", () => {
  it("G5: admits at most the rate of a kind, and counts exactly the others, whatever the lines are", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 500 }), fc.integer({ min: 1, max: 5 }), (lines, perSecond) => {
        const sampler = new LineSampler(perSecond);
        sampler.next(0);
        const admitted = lines.filter((kind) => sampler.admits(kind));
        for (const { level, text } of admitted) {
          const same = admitted.filter((other) => other.level === level && other.text === text);
          expect(same.length).toBeLessThanOrEqual(perSecond);
        }
        const leftOut = sampler.next(1_000).reduce((sum, kind) => sum + kind.lines, 0);
        expect(admitted.length + leftOut).toBe(lines.length);
        expect(sampler.next(2_000)).toEqual([]);
      }),
    );
  });

  it("G5: holds a bounded number of kinds, however many texts there are", () => {
    const sampler = new LineSampler(1);
    const admitted = Array.from({ length: 10_000 }, (_, n) =>
      sampler.admits({ level: "warn", text: `text ${n}` }),
    ).filter(Boolean);
    expect(admitted.length).toBeLessThanOrEqual(101);
    expect(sampler.next(0)).toEqual([{ level: "warn", text: "any other text", lines: 9_899 }]);
  });
});
