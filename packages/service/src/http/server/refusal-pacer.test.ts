import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RefusalPacer } from "./refusal-pacer.ts";

describe("the pace of refusals", () => {
  it("G5: doesn't delay an address with few refusals", () => {
    const pacer = new RefusalPacer();
    for (let n = 0; n < 100; n++) expect(pacer.delayMs("a", n * 10)).toBe(0);
    for (let n = 0; n < 1_000; n++) expect(pacer.delayMs("a", 1_000 + n * 20)).toBe(0);
  });

  it("G5: spreads the refusals of a burst, so that their clients don't come back together", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 150 }), (pauses) => {
        const pacer = new RefusalPacer();
        let now = 0;
        let last = Number.NEGATIVE_INFINITY;
        for (const pause of pauses) {
          now += pause;
          const sentAt = now + pacer.delayMs("a", now);
          expect(sentAt - last).toBeGreaterThanOrEqual(10);
          last = sentAt;
        }
        expect(last - now).toBeLessThanOrEqual(10 * pauses.length);
      }),
    );
  });

  it("G5: delays an address with many more and more, and no other address", () => {
    const pacer = new RefusalPacer();
    const delays = Array.from({ length: 700 }, () => pacer.delayMs("a", 0));
    expect(delays.filter((delay) => delay < 1_000)).toHaveLength(100);
    expect(delays).toEqual(delays.toSorted((a, b) => a - b));
    expect(delays.at(-1)).toBe(10_000);
    expect(pacer.delayMs("b", 0)).toBe(0);
    expect(pacer.delayMs("a", 12_000)).toBe(0);
  });

  it("G5: a client that waits for each answer gets 50 a second, after its burst", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 256 }), (sockets) => {
        const pacer = new RefusalPacer();
        const answeredAt = Array.from({ length: sockets }, () => 0);
        let answers = 0;
        for (let now = 0; now < 20_000; now += 5)
          for (const [index, at] of answeredAt.entries()) {
            if (at > now) continue;
            answers += 1;
            answeredAt[index] = now + Math.max(1, pacer.delayMs("a", now));
          }
        expect(answers).toBeLessThanOrEqual(100 + 20 * 50 + sockets);
      }),
      { numRuns: 20 },
    );
  });

  it("forgets the address that was refused longest ago, if there are too many", () => {
    const pacer = new RefusalPacer();
    for (let n = 0; n < 10_100; n++) pacer.delayMs(`a${n}`, 0);
    expect(pacer.size).toBe(10_000);
  });
});
