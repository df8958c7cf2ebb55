import { describe, expect, it } from "vitest";
import { backoffMs } from "./backoff.ts";
import { sleep } from "./sleep.ts";

describe("backoff", () => {
  const limits = { minMs: 100, maxMs: 5_000 };
  it("G5: doubles up to its cap, for any number of attempts", () => {
    const longest = [1, 2, 3, 7, 1_000_000].map((attempt) => backoffMs(attempt, limits, () => 1));
    expect(longest).toEqual([100, 200, 400, 5_000, 5_000]);
  });
  it("G5: is half random, so that processes don't retry in lockstep", () => {
    expect(backoffMs(1, limits, () => 0)).toBe(50);
    expect(backoffMs(7, limits, () => 0)).toBe(2_500);
  });
  it("a sleep ends as soon as its signal is aborted", async () => {
    const stop = new AbortController();
    const asleep = sleep(600_000, stop.signal);
    stop.abort();
    await expect(asleep).resolves.toBeUndefined();
  });
});
