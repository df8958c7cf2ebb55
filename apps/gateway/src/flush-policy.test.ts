import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FlushPolicy } from "./flush-policy.ts";

describe("when a flush is due", () => {
  it("is at once for the first, and after a rest", () => {
    const policy = new FlushPolicy({ maxDelayMs: 25 });
    expect(policy.delay(0)).toBe(0);
    policy.flushed(100, { ms: 5, publicFrames: 9 });
    expect(policy.delay(113)).toBe(0);
  });

  it("waits in proportion to what the last one cost, so a small one delays nothing that can be told", () => {
    const policy = new FlushPolicy({ maxDelayMs: 25 });
    policy.flushed(100, { ms: 5, publicFrames: 50 });
    expect(policy.delay(100)).toBe(12.5);
    expect(policy.delay(104)).toBe(8.5);
    policy.flushed(200, { ms: 0.05, publicFrames: 0 });
    expect(policy.delay(200)).toBeLessThan(0.5);
  });

  it("waits less where few messages were in it, since nothing is saved by waiting for one more", () => {
    const policy = new FlushPolicy({ maxDelayMs: 25 });
    policy.flushed(100, { ms: 10, publicFrames: 1 });
    expect(policy.delay(100)).toBe(5);
    policy.flushed(200, { ms: 10, publicFrames: 2 });
    expect(policy.delay(200)).toBe(10);
  });

  it("never waits longer than the bound, however long a flush was and whatever the clock says", () => {
    const flushes = fc.array(
      fc.record({
        at: fc.double({ noNaN: true }),
        ms: fc.double({ min: 0, noNaN: true }),
        publicFrames: fc.nat(),
      }),
    );
    fc.assert(
      fc.property(flushes, fc.nat(1_000), fc.double({ noNaN: true }), (all, maxDelayMs, now) => {
        const policy = new FlushPolicy({ maxDelayMs });
        for (const { at, ...cost } of all) policy.flushed(at, cost);
        expect(policy.delay(now)).toBeGreaterThanOrEqual(0);
        expect(policy.delay(now)).toBeLessThanOrEqual(maxDelayMs);
      }),
    );
  });
});
