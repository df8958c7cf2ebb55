import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

const rates = fc.record({
  perSecond: fc.integer({ min: 1, max: 1_000_000 }),
  burst: fc.integer({ min: 1, max: 4_000_000 }),
});
const steps = fc.array(
  fc.record({ after: fc.double({ min: 0, max: 5_000, noNaN: true }), cost: fc.nat(3_000_000) }),
  { maxLength: 200 },
);

describe("a token bucket", () => {
  it("P32: takes no more than the burst and the rate permit, and at most one cost above the burst", () => {
    fc.assert(
      fc.property(rates, steps, (rate, attempts) => {
        const bucket = new TokenBucket(rate, 0);
        let now = 0;
        let taken = 0;
        let largest = 0;
        for (const { after, cost } of attempts) {
          now += after;
          if (bucket.wait(cost, now) > 0) continue;
          bucket.take(cost);
          taken += cost;
          largest = Math.max(largest, cost);
        }
        const permitted = Math.max(rate.burst, largest) + (now / 1000) * rate.perSecond;
        expect(taken).toBeLessThanOrEqual(permitted * (1 + 1e-9) + 1);
      }),
    );
  });

  it("P32: permits a cost after the time that it names, and not a millisecond and a half earlier", () => {
    fc.assert(
      fc.property(rates, fc.nat(3_000_000), fc.nat(3_000_000), (rate, taken, cost) => {
        const bucket = new TokenBucket(rate, 0);
        bucket.take(taken);
        const wait = bucket.wait(cost, 0);
        if (wait > 1.5) expect(bucket.wait(cost, wait - 1.5)).toBeGreaterThan(0);
        expect(bucket.wait(cost, wait)).toBe(0);
      }),
    );
  });

  it("P32: a debt ends after the debt divided by the rate", () => {
    const bucket = new TokenBucket({ perSecond: 100, burst: 50 }, 0);
    bucket.take(250);
    expect(bucket.wait(0, 0)).toBe(2_000);
    expect(bucket.wait(0, 1_500)).toBe(500);
    expect(bucket.wait(0, 2_000)).toBe(0);
    expect(bucket.wait(1, 2_000)).toBe(10);
    expect(bucket.isFull(2_499)).toBe(false);
    expect(bucket.isFull(2_500)).toBe(true);
  });

  it("P32: a clock that stops or goes back refills nothing", () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 1_000);
    bucket.take(1);
    expect([1_000, 0, 1_000].map((now) => bucket.wait(1, now))).toEqual([1_000, 1_000, 1_000]);
  });

  it("P32: without a limit any cost passes", () => {
    const bucket = new TokenBucket(
      { perSecond: Number.POSITIVE_INFINITY, burst: Number.POSITIVE_INFINITY },
      0,
    );
    for (const now of [0, 0, 1, 1_000]) {
      expect(bucket.wait(1e12, now)).toBe(0);
      bucket.take(1e12);
      expect(bucket.isFull(now)).toBe(true);
    }
  });
});
