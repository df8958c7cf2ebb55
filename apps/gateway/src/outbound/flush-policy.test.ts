import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FlushPolicy } from "./flush-policy.ts";

describe("the next pass", () => {
  it("starts at once if it is the first, or if the rest is over", () => {
    const policy = new FlushPolicy({ maxDelayMs: 25 });
    expect(policy.delay(0)).toBe(0);
    policy.passEnded(100, { ms: 5, publicFrames: 9 });
    expect(policy.delay(115)).toBe(0);
  });

  it("waits in proportion to the cost of the last one, so a small pass adds no noticeable delay", () => {
    const policy = new FlushPolicy({ maxDelayMs: 25 });
    policy.passEnded(100, { ms: 5, publicFrames: 50 });
    expect(policy.delay(100)).toBe(15);
    expect(policy.delay(104)).toBe(11);
    policy.passEnded(200, { ms: 0.05, publicFrames: 50 });
    expect(policy.delay(200)).toBeLessThan(0.5);
  });

  it("waits less if the last one had few messages, since waiting would save little", () => {
    const policy = new FlushPolicy({ maxDelayMs: 25 });
    policy.passEnded(100, { ms: 10, publicFrames: 1 });
    expect(policy.delay(100)).toBe(7.5);
    policy.passEnded(200, { ms: 10, publicFrames: 2 });
    expect(policy.delay(200)).toBe(15);
  });

  it("waits less if the last one took long, down to no wait", () => {
    const policy = new FlushPolicy({ maxDelayMs: 25 });
    const restAfter = (ms: number) => {
      policy.passEnded(0, { ms, publicFrames: 50 });
      return policy.delay(0);
    };
    expect([15, 30, 45, 200].map(restAfter)).toEqual([25, 20, 5, 0]);
  });

  it("lets public drafts gather, as long as their messages are back before the rest is over", () => {
    const policy = new FlushPolicy({ maxDelayMs: 25 });
    expect(policy.gatherDelay(0, 4)).toBe(0);
    policy.passEnded(100, { ms: 5, publicFrames: 50 });
    expect([100, 107, 108.5, 112, 115].map((now) => policy.gatherDelay(now, 4))).toEqual([11, 4, 2.5, 0, 0]);
    policy.passStarted();
    expect(policy.gatherDelay(100, 4)).toBe(0);
  });

  it("never waits longer than the bound, for any duration of a pass and any clock", () => {
    const passes = fc.array(
      fc.record({
        at: fc.double({ noNaN: true }),
        ms: fc.double({ min: 0, noNaN: true }),
        publicFrames: fc.nat(),
      }),
    );
    const forever = Number.POSITIVE_INFINITY;
    fc.assert(
      fc.property(passes, fc.nat(1_000), fc.double({ noNaN: true }), (all, maxDelayMs, now) => {
        const policy = new FlushPolicy({ maxDelayMs });
        for (const { at, ...cost } of all) policy.passEnded(at, cost);
        expect(policy.delay(now)).toBeGreaterThanOrEqual(0);
        expect(policy.delay(now)).toBeLessThanOrEqual(maxDelayMs);
      }),
      {
        examples: [
          [[{ at: 0, ms: forever, publicFrames: 0 }], 25, 0],
          [[{ at: forever, ms: 5, publicFrames: 9 }], 25, forever],
        ],
      },
    );
  });
});
