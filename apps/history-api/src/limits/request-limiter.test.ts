import { expect, it } from "vitest";
import { LIMITS } from "../test/running-api.ts";
import { RequestLimiter } from "./request-limiter.ts";

const OPEN = new AbortController().signal;

it("G5: tokens are verified in turn among addresses: one whose verifications hang doesn't delay the others", async () => {
  const refused: string[] = [];
  const limiter = new RequestLimiter({
    limits: { ...LIMITS, requestsPerAddress: 20 },
    onRefused: (limit, share) => refused.push(`${limit} ${share}`),
    onDisplaced: () => undefined,
    now: () => 0,
  });
  const held = Promise.withResolvers<void>();
  let running = 0;
  const slow = async () => {
    running += 1;
    await held.promise;
  };
  const greedy = Array.from({ length: 60 }, () => limiter.verify("greedy", OPEN, slow).catch((e) => e.code));
  expect(await limiter.verify("other", OPEN, async () => "verified")).toBe("verified");
  expect(running).toBe(32);
  held.resolve();
  const outcomes = await Promise.all(greedy);
  expect(outcomes.filter((code) => code === "too_many_connections")).toHaveLength(8);
  expect(running).toBe(52);
  expect(refused).toEqual(Array.from({ length: 8 }, () => "verifications address"));
});
