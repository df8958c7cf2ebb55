import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReadAllowance } from "./read-allowance.ts";

const RATE = { perSecond: 100, burst: 800 };

describe("the read allowance", () => {
  it("permits a burst, then asks to wait until a second's worth is there", () => {
    const allowance = new ReadAllowance(RATE);
    allowance.spend("u", 700, 0);
    expect(allowance.waitMs("u", 0)).toBe(0);
    allowance.spend("u", 150, 0);
    // The level is -50 and must rise to 100 before the user may read again. At 100 per second this takes 1.5 s.
    expect(allowance.waitMs("u", 0)).toBe(1_500);
    expect(allowance.waitMs("u", 1_000)).toBe(500);
    expect(allowance.waitMs("u", 1_500)).toBe(0);
    expect(allowance.waitMs("other", 0)).toBe(0);
  });

  it("forgets users whose allowance is full again, and remembers the others", () => {
    const allowance = new ReadAllowance(RATE);
    allowance.spend("u", 100, 0);
    allowance.spend("v", 300, 0);
    allowance.forgetIdleUsers(1_000);
    expect(allowance.size).toBe(1);
    expect(allowance.waitMs("u", 1_000)).toBe(0);
  });

  it("has no limit if the rate is infinite", () => {
    const allowance = new ReadAllowance({
      perSecond: Number.POSITIVE_INFINITY,
      burst: Number.POSITIVE_INFINITY,
    });
    allowance.spend("u", 1e12, 0);
    expect(allowance.waitMs("u", 0)).toBe(0);
    expect(allowance.size).toBe(0);
  });

  it("G5: a user who retries as told reads the rate, and never more than it and the burst", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 20, maxLength: 100 }), (costs) => {
        const allowance = new ReadAllowance(RATE);
        let now = 0;
        let read = 0;
        for (const cost of costs) {
          now += allowance.waitMs("u", now);
          expect(allowance.waitMs("u", now)).toBe(0);
          allowance.spend("u", cost, now);
          read += cost;
          const allowed = RATE.burst + (RATE.perSecond * now) / 1_000;
          expect(read).toBeLessThanOrEqual(allowed + cost);
        }
        const needed = ((read - RATE.burst) / RATE.perSecond) * 1_000;
        expect(now).toBeLessThanOrEqual(Math.max(0, needed) + 1_000 + costs.length);
      }),
    );
  });
});
