import { formatId, ORIGIN } from "@parley/models";
import { describe, expect, it } from "vitest";
import { Retention } from "./retention.ts";

const at = (n: number) => formatId({ ms: 5_000_000_000_000, seq: n });

describe("retention", () => {
  it("L12: permits trimming entries that were stored the minimum age ago, even if their ids are far ahead", () => {
    const retention = new Retention({ minAgeMs: 60_000, maxBytes: 1_000 });
    expect(retention.upTo(0)).toBe(ORIGIN);
    for (let second = 0; second <= 60; second += 1) retention.note(at(second), second, second * 1_000);
    expect(retention.upTo(59_999)).toBe(ORIGIN);
    expect(retention.upTo(60_000)).toBe(at(0));
    expect(retention.upTo(90_500)).toBe(at(30));
    expect(retention.upTo(500_000)).toBe(at(60));
  });

  it("G5: permits trimming younger entries beyond the maximum bytes", () => {
    const retention = new Retention({ minAgeMs: 60_000, maxBytes: 1_000 });
    for (let second = 0; second <= 10; second += 1) retention.note(at(second), second * 300, second * 1_000);
    // 3,000 bytes were stored. The first mark within the last 1,000 bytes is at 2,100, in second 7. So entries up to
    // this mark may be trimmed.
    expect(retention.upTo(10_000)).toBe(at(7));
  });

  it("L3: forgets its marks when the log is replaced", () => {
    const retention = new Retention({ minAgeMs: 60_000, maxBytes: 1_000 });
    retention.note(at(9), 900, 0);
    retention.note(at(3), 10, 1_000);
    expect(retention.upTo(60_500)).toBe(ORIGIN);
    expect(retention.upTo(61_000)).toBe(at(3));
  });

  it("keeps at most sixty marks per minimum age", () => {
    const retention = new Retention({ minAgeMs: 60_000, maxBytes: 1_000 });
    retention.note(at(1), 1, 0);
    retention.note(at(2), 2, 999);
    retention.note(at(3), 3, 1_000);
    expect(retention.upTo(60_999)).toBe(at(1));
    expect(retention.upTo(61_000)).toBe(at(3));
  });
});
