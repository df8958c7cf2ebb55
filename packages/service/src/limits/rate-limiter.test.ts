import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RateLimiter } from "./rate-limiter.ts";
import type { Rate } from "./token-bucket.ts";

const rateOf = (perSecond: number): Rate => ({ perSecond, burst: 4 * perSecond });
/** Any rates, with the bursts that a gateway derives from them. */
const limits = fc.record({
  frames: fc.integer({ min: 1, max: 500 }),
  bytes: fc.integer({ min: 100, max: 100_000 }),
});
const limiterOf = ({ frames, bytes }: { frames: number; bytes: number }) =>
  new RateLimiter({ ...rateOf(frames), bytes: rateOf(bytes) });
const attempts = fc.array(
  fc.record({
    after: fc.double({ min: 0, max: 50, noNaN: true }),
    user: fc.constantFrom("alice", "bob"),
    bytes: fc.nat(65_536),
    frames: fc.constantFrom(1, 1, 1, 5),
  }),
  { maxLength: 300 },
);
const LIMIT = { ...rateOf(50), bytes: rateOf(100_000) };
const NONE = Number.POSITIVE_INFINITY;

describe("the rates of a user", () => {
  it("P32: a burst passes; the next frame is limited and gets a retry time", () => {
    const limiter = new RateLimiter(LIMIT);
    for (let sent = 0; sent < LIMIT.burst; sent++) expect(limiter.take("alice", 0).kind).toBe("pass");
    expect(limiter.take("alice", 0)).toEqual({ kind: "limited", limit: "frames", retryAfterMs: 20 });
    expect(limiter.take("alice", 19).kind).toBe("limited");
    expect(limiter.take("alice", 20).kind).toBe("pass");
  });

  it("P32: a burst of bytes passes; the next frame is limited by its bytes", () => {
    const limiter = new RateLimiter(LIMIT);
    for (let sent = 0; sent < 8; sent++) expect(limiter.take("alice", 0, 50_000).kind).toBe("pass");
    expect(limiter.take("alice", 0, 50_000)).toEqual({ kind: "limited", limit: "bytes", retryAfterMs: 500 });
    expect(limiter.take("alice", 0, 100)).toEqual({ kind: "limited", limit: "bytes", retryAfterMs: 1 });
    expect(limiter.take("alice", 500, 50_000).kind).toBe("pass");
  });

  it("P32: a refused frame costs nothing, so that a smaller one may pass", () => {
    const limiter = new RateLimiter(LIMIT);
    limiter.take("alice", 0, 399_000);
    for (let n = 0; n < 100; n++) expect(limiter.take("alice", 0, 2_000).kind).toBe("limited");
    expect(limiter.take("alice", 0, 1_000).kind).toBe("pass");
  });

  it("P32: a frame larger than the whole burst passes once the bucket is full", () => {
    const limiter = new RateLimiter({ ...rateOf(50), bytes: rateOf(1_000) });
    expect(limiter.take("alice", 0, 64_000).kind).toBe("pass");
    expect(limiter.take("alice", 0, 1)).toMatchObject({ limit: "bytes", retryAfterMs: 60_001 });
  });

  it("P32: no more frames and bytes pass than the bursts and the rates permit, for any user", () => {
    fc.assert(
      fc.property(limits, attempts, (limit, steps) => {
        const limiter = limiterOf(limit);
        const passed = { alice: { frames: 0, bytes: 0 }, bob: { frames: 0, bytes: 0 } } as Record<
          string,
          { frames: number; bytes: number }
        >;
        let now = 0;
        for (const { after, user, bytes, frames } of steps) {
          now += after;
          const sums = passed[user];
          if (!sums || limiter.take(user, now, bytes, frames).kind !== "pass") continue;
          sums.frames += frames;
          sums.bytes += bytes;
        }
        for (const { frames, bytes } of Object.values(passed)) {
          expect(frames).toBeLessThanOrEqual(
            Math.max(5, 4 * limit.frames) + (now / 1000) * limit.frames + 1e-6,
          );
          expect(bytes).toBeLessThanOrEqual(
            Math.max(65_536, 4 * limit.bytes) + (now / 1000) * limit.bytes + 1e-3,
          );
        }
      }),
    );
  });

  it("P32: the same frame passes after retryAfterMs", () => {
    fc.assert(
      fc.property(
        limits,
        fc.double({ min: 0, max: 1_000, noNaN: true }),
        fc.nat(65_536),
        (limit, at, bytes) => {
          const limiter = limiterOf(limit);
          let verdict = limiter.take("alice", at, bytes);
          while (verdict.kind === "pass") verdict = limiter.take("alice", at, bytes);
          if (verdict.kind === "abusive") return;
          expect(limiter.take("alice", at + verdict.retryAfterMs, bytes).kind).toBe("pass");
        },
      ),
    );
  });

  it("P32: ten times the rate over ten seconds is abusive", () => {
    const limiter = new RateLimiter(LIMIT);
    const kinds = Array.from({ length: 5_001 }, (_, sent) => limiter.take("alice", sent * 1.9).kind);
    expect(kinds.slice(0, -1)).not.toContain("abusive");
    expect(kinds.at(-1)).toBe("abusive");
  });

  it("P32: ten times the rate of bytes over ten seconds is abusive", () => {
    const limiter = new RateLimiter(LIMIT);
    const kinds = Array.from({ length: 201 }, (_, sent) => limiter.take("alice", sent * 49, 50_000).kind);
    expect(kinds.slice(0, -1)).not.toContain("abusive");
    expect(kinds.at(-1)).toBe("abusive");
  });

  it("P32: just under ten times the rate is limited, never abusive", () => {
    const limiter = new RateLimiter(LIMIT);
    const kinds = Array.from({ length: 30_000 }, (_, sent) => limiter.take("alice", sent * 2.01).kind);
    expect(new Set(kinds)).toEqual(new Set(["pass", "limited"]));
  });
});

describe("the share of reading", () => {
  it("P32: what is read above the burst puts the user ahead by the time that the rate needs for it", () => {
    const limiter = new RateLimiter(LIMIT);
    expect(limiter.chargeReading("alice", 800_000, 0)).toBe(0);
    expect(limiter.chargeReading("alice", 200_000, 0)).toBe(500);
    expect(limiter.aheadMs("alice", 400)).toBe(100);
    expect(limiter.aheadMs("alice", 500)).toBe(0);
    expect(limiter.aheadMs("bob", 0)).toBe(0);
  });

  it("P32: every frame that the other rates let pass may be read without a pause", () => {
    const largest = 65_536 + 14;
    const limiter = new RateLimiter(rateOf(50));
    for (let sent = 0; sent < 10_000; sent++)
      expect(limiter.chargeReading("alice", largest + 2_048 + 128, sent * 20)).toBe(0);
  });

  it("P32: a small rate still reads the largest frame within a third of a second", () => {
    const limiter = new RateLimiter({ ...rateOf(1), bytes: rateOf(1) });
    limiter.chargeReading("alice", 524_288, 0);
    expect(limiter.chargeReading("alice", 70_000, 0)).toBeLessThan(334);
  });

  it("P32: is unlimited only if frames and bytes are", () => {
    const none = { perSecond: NONE, burst: NONE };
    expect(new RateLimiter({ ...none, bytes: none }).isLimited).toBe(false);
    expect(new RateLimiter(none).isLimited).toBe(false);
    expect(new RateLimiter({ ...none, bytes: rateOf(1) }).isLimited).toBe(true);
    expect(new RateLimiter({ ...rateOf(1), bytes: none }).isLimited).toBe(true);
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

  it("P32: a user who is ahead in reading isn't forgotten", () => {
    const limiter = new RateLimiter(LIMIT);
    limiter.chargeReading("alice", 8_000_000, 0);
    limiter.forgetIdleUsers(15_000);
    expect(limiter.aheadMs("alice", 15_000)).toBeGreaterThan(0);
  });

  it("G5: buckets that are full again are removed", () => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 2 });
    limiter.take("alice", 0);
    limiter.forgetIdleUsers(5_000);
    expect(limiter.size).toBe(1);
    limiter.forgetIdleUsers(10_000);
    expect(limiter.size).toBe(0);
  });

  it("G5: a pong a minute keeps no buckets", () => {
    const limiter = new RateLimiter(LIMIT);
    limiter.chargeReading("alice", 1_200, 0);
    limiter.forgetIdleUsers(1_000);
    expect(limiter.size).toBe(0);
  });

  it("P32: without a limit nothing is counted", () => {
    const limiter = new RateLimiter({ perSecond: NONE, burst: NONE });
    const kinds = Array.from({ length: 10_000 }, () => limiter.take("alice", 0, 1e9).kind);
    expect(new Set(kinds)).toEqual(new Set(["pass"]));
    expect(limiter.chargeReading("alice", 1e12, 0)).toBe(0);
    expect(limiter.size).toBe(0);
  });
});
