import { describe, expect, it } from "vitest";
import type { Judged } from "../judgement/judge.ts";
import type { SoakResult } from "../result.ts";
import { soakSummary, soakTable } from "./soak-table.ts";

const row: Judged = {
  process: "gateway 1",
  measure: "resident memory",
  lowest: 171.6,
  highest: 1_180,
  slope: { perHour: -0.01, low: -3.25, high: 4 },
  bound: 28.8,
  isLeak: false,
};
const counts = { lost: 0, unseen: 0, duplicated: 0, outOfOrder: 0, strange: 0, failed: 3 };
const result: SoakResult = {
  kind: "completed",
  minutes: 60,
  warmUpMinutes: 10,
  load: { users: 300, messages: 200, visits: 14, reads: 3 },
  counts: {
    sent: 720_000,
    acked: 719_999,
    stored: 719_999,
    seen: 1_500_000,
    connections: 50_700,
    reads: 10_800,
    ...counts,
  },
  rows: [row],
  problems: [],
};

describe("the report of a soak", () => {
  it("has the load, the counts and a row for each figure", () => {
    const table = soakTable(result);
    expect(table).toContain(
      "60 minutes of 300 users with 200 private messages, 14 connections and 3 history requests",
    );
    expect(table).toContain("judged after 10 minutes: messages sent 720,000, acked 719,999, ");
    expect(table).toContain("failed operations 3, lost 0, doubled 0, unseen 0, out of order 0.");
    expect(table).toContain("| gateway 1 | resident memory | 172 | 1,180 | 0 | -3.3 and 4 | 29 | held |");
    expect(soakSummary(result)).toBe("held: 1 slopes: 0 above their bounds; lost 0, doubled 0");
  });

  it("has every problem", () => {
    const problems = ["gateway 1: resident memory grows by 90 an hour"];
    const leaking = { ...result, rows: [{ ...row, isLeak: true }], problems };
    expect(soakTable(leaking)).toMatch(/\| LEAK \|\n\nProblems:\n\n- gateway 1: resident memory grows/);
    expect(soakSummary(leaking)).toMatch(/^FELL: 1 slopes: 1 above/);
    expect(soakTable({ kind: "aborted", reason: "no servers" })).toContain("no servers");
    expect(soakSummary({ kind: "aborted", reason: "no servers" })).toBe("the soak was aborted");
  });
});
