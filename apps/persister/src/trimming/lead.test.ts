import { formatId } from "@parley/models";
import { describe, expect, it } from "vitest";
import { LeadReports, leadMs } from "./lead.ts";

describe("F17: a log ahead of the clock", () => {
  it("is ahead by the time in its end", () => {
    expect(leadMs(formatId({ ms: 9_000, seq: 7 }), 4_000)).toBe(5_000);
    expect(leadMs(formatId({ ms: 9_000, seq: 7 }), 9_500)).toBe(-500);
  });

  it("is reported once, again when it moves further ahead, and once when the clock has caught up", () => {
    const reports = new LeadReports();
    const leads = [-5_000, 60_000, 86_400_000, 86_399_000, 90_000_000, 89_999_000, 60_001, 60_000, 0, 61_000];
    expect(leads.map((lead) => reports.next(lead))).toEqual([
      undefined,
      undefined,
      "log-ahead",
      undefined,
      "log-ahead",
      undefined,
      undefined,
      "log-in-time",
      undefined,
      "log-ahead",
    ]);
  });
});
