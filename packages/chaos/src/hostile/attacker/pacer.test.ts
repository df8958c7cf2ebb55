import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pacer, Replay } from "./pacer.ts";

describe("a pacer", () => {
  it("spreads turns evenly", () => {
    const pacer = new Pacer(100, 1_000);
    expect([1_000, 1_000, 1_000, 1_025].map((now) => pacer.take(now))).toEqual([0, 10, 20, 5]);
  });

  it("grants at most the missed turns of 100 ms after a stall", () => {
    const pacer = new Pacer(100, 0);
    const waits = Array.from({ length: 13 }, () => pacer.take(60_000));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(11);
  });

  it("never grants more than its rate plus one burst, however it is called", () => {
    const steps = fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), steps, (perSecond, pauses) => {
        const pacer = new Pacer(perSecond, 0);
        let now = 0;
        for (const pause of pauses) {
          now += pause;
          now += pacer.take(now);
        }
        expect(pauses.length).toBeLessThanOrEqual((perSecond * (now + 100)) / 1_000 + 1.001);
      }),
    );
  });
});

describe("a replay", () => {
  it("grants the turns of an attack at the same times, those that are overdue at once, and then no more", () => {
    const replay = new Replay([0, 5, 5, 300], 1_000);
    expect([1_000, 1_000, 1_020, 1_020].map((now) => replay.take(now))).toEqual([0, 5, 0, 280]);
    expect(replay.take(1_300)).toBeGreaterThan(60_000);
  });
});
