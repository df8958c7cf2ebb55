import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RateLimiter, TokenBucket } from "./rate-limiter.ts";

/** Any rate, with the burst that a gateway derives from it. */
const limits = fc.integer({ min: 1, max: 500 }).map((perSecond) => ({ perSecond, burst: 4 * perSecond }));
const steps = fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { maxLength: 300 });
const LIMIT = { perSecond: 50, burst: 200 };

describe("the rate of a user", () => {
  it("P32: a burst passes; the next frame is limited and gets a retry time", () => {
    const bucket = new TokenBucket(LIMIT, 0);
    for (let sent = 0; sent < LIMIT.burst; sent++) expect(bucket.take(0).kind).toBe("pass");
    expect(bucket.take(0)).toEqual({ kind: "limited", retryAfterMs: 20 });
    expect(bucket.take(19).kind).toBe("limited");
    expect(bucket.take(20).kind).toBe("pass");
  });

  it("P32: no more frames pass than the burst and the rate permit", () => {
    fc.assert(
      fc.property(limits, steps, (limit, waits) => {
        const bucket = new TokenBucket(limit, 0);
        let now = 0;
        const passed = waits.filter((wait) => {
          now += wait;
          return bucket.take(now).kind === "pass";
        });
        expect(passed.length).toBeLessThanOrEqual(limit.burst + (now / 1000) * limit.perSecond + 1e-6);
      }),
    );
  });

  it("P32: one frame passes after retryAfterMs", () => {
    fc.assert(
      fc.property(limits, fc.double({ min: 0, max: 1_000, noNaN: true }), (limit, at) => {
        const bucket = new TokenBucket(limit, at);
        let verdict = bucket.take(at);
        while (verdict.kind === "pass") verdict = bucket.take(at);
        const retryAt = verdict.kind === "limited" ? at + verdict.retryAfterMs : at;
        expect(bucket.take(retryAt).kind).toBe("pass");
      }),
    );
  });

  it("P32: ten times the rate over ten seconds is abusive", () => {
    const bucket = new TokenBucket(LIMIT, 0);
    const kinds = Array.from({ length: 5_001 }, (_, sent) => bucket.take(sent * 1.9).kind);
    expect(kinds.slice(0, -1)).not.toContain("abusive");
    expect(kinds.at(-1)).toBe("abusive");
  });

  it("P32: just under ten times the rate is limited, never abusive", () => {
    const bucket = new TokenBucket(LIMIT, 0);
    const kinds = Array.from({ length: 30_000 }, (_, sent) => bucket.take(sent * 2.01).kind);
    expect(new Set(kinds)).toEqual(new Set(["pass", "limited"]));
  });

  it("P32: a clock that stops or goes back refills nothing", () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 1_000);
    expect(bucket.take(1_000).kind).toBe("pass");
    expect(bucket.take(0).kind).toBe("limited");
    expect(bucket.take(1_000).kind).toBe("limited");
  });
});

describe("the rates of all users", () => {
  it("P32: each user has a separate rate, and reconnecting gives no new burst", () => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 1 });
    expect(limiter.take("alice", 0).kind).toBe("pass");
    expect(limiter.take("bob", 0).kind).toBe("pass");
    limiter.forgetIdleUsers(500);
    expect(limiter.take("alice", 500).kind).toBe("limited");
  });

  it("G5: a bucket that is full again is removed", () => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 2 });
    limiter.take("alice", 0);
    limiter.forgetIdleUsers(5_000);
    expect(limiter.size).toBe(1);
    limiter.forgetIdleUsers(10_000);
    expect(limiter.size).toBe(0);
  });

  it("P32: without a limit nothing is counted", () => {
    const limiter = new RateLimiter({ perSecond: Number.POSITIVE_INFINITY, burst: Number.POSITIVE_INFINITY });
    const kinds = Array.from({ length: 10_000 }, () => limiter.take("alice", 0).kind);
    expect(new Set(kinds)).toEqual(new Set(["pass"]));
    expect(limiter.size).toBe(0);
  });
});
