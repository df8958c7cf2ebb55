import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FlushPolicy } from "./flush-policy.ts";

describe("when a pass is due", () => {
  it("is at once for the first, and after a rest", () => {
    const policy = new FlushPolicy({ maxDelayMs: 25 });
    expect(policy.delay(0)).toBe(0);
    policy.passed(100, { ms: 5, publicFrames: 9 });
    expect(policy.delay(113)).toBe(0);
  });

  it("waits in proportion to what the last one cost, so a small one delays nothing that can be told", () => {
    const policy = new FlushPolicy({ maxDelayMs: 25 });
    policy.passed(100, { ms: 5, publicFrames: 50 });
    expect(policy.delay(100)).toBe(12.5);
    expect(policy.delay(104)).toBe(8.5);
    policy.passed(200, { ms: 0.05, publicFrames: 50 });
    expect(policy.delay(200)).toBeLessThan(0.5);
  });

  it("waits less where few messages were in it, since nothing is saved by waiting for one more", () => {
    const policy = new FlushPolicy({ maxDelayMs: 25 });
    policy.passed(100, { ms: 10, publicFrames: 1 });
    expect(policy.delay(100)).toBe(5);
    policy.passed(200, { ms: 10, publicFrames: 2 });
    expect(policy.delay(200)).toBe(10);
  });

  it("waits less where it was long itself, down to not at all", () => {
    const policy = new FlushPolicy({ maxDelayMs: 25 });
    const restAfter = (ms: number) => {
      policy.passed(0, { ms, publicFrames: 50 });
      return policy.delay(0);
    };
    expect([15, 30, 45, 200].map(restAfter)).toEqual([25, 20, 5, 0]);
  });

  it("lets public messages gather on their way in, as far as they are back before the rest is over", () => {
    const policy = new FlushPolicy({ maxDelayMs: 25 });
    expect(policy.gather(0, 4)).toBe(0);
    policy.passed(100, { ms: 5, publicFrames: 50 });
    expect([100, 107, 108.5, 112, 113].map((now) => policy.gather(now, 4))).toEqual([8.5, 1.5, 0, 0, 0]);
    policy.began();
    expect(policy.gather(100, 4)).toBe(0);
  });

  it("never waits longer than the bound, however long a pass was and whatever the clock says", () => {
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
        for (const { at, ...cost } of all) policy.passed(at, cost);
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
