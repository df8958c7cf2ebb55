import { describe, expect, it } from "vitest";
import { check } from "../checker/checker.ts";
import { held, type Run, reportOf, summaryOf } from "./table.ts";

const verdict = check({ sends: [], observations: [], history: [], database: [] });
const counts = { ...verdict.counts, sent: 1_000, acked: 900 };
const fault = { id: "F1", title: "a persister dies" };

function made(
  changes: { problems?: string[]; seed?: number; recoveryMs?: number; fault?: Run["fault"] } = {},
): Run {
  const { problems = [], seed = 7, recoveryMs = 1_234 } = changes;
  const strike = { struck: 3, of: "claims", recoveryMs, shown: `all well after ${recoveryMs}` };
  const result = { kind: "made", strike, verdict: { ...verdict, counts }, problems } as const;
  return { fault: changes.fault ?? fault, seed, result };
}

describe("the report", () => {
  it("shows a fault under which everything held", () => {
    expect(reportOf([made()])).toContain("| F1 | a persister dies | 1 held | 7 | 1,000 | 900 |");
    expect(reportOf([made()])).toContain("| 3 claims | 1.2 s | 1.2 s | all well after 1234 |");
    expect(held([made()])).toBe(true);
  });

  it("has one row for all runs of a fault: sums, the worst and the median, and what was shown at the worst", () => {
    const runs = [made(), made({ seed: 8, recoveryMs: 9_000 }), made({ seed: 9, recoveryMs: 500 })];
    const report = reportOf(runs);
    expect(report.split("\n")).toHaveLength(3);
    expect(report).toContain("| F1 | a persister dies | 3 held | 7, 8, 9 | 3,000 | 2,700 |");
    expect(report).toContain("| 9 claims | 9.0 s | 1.2 s | all well after 9000 |");
  });

  it("F18: what is drawn from a seed has a row for each seed besides", () => {
    const everything = { id: "F18", title: "everything at once", isDrawn: true } as const;
    const report = reportOf([made({ fault: everything }), made({ fault: everything, seed: 8 })]);
    expect(report).toContain("| 2 held | 7, 8 | 2,000 |");
    expect(report).toMatch(
      /F18, seed by seed:\n\n[\s\S]*\| 1 held \| 7 \| 1,000 [\s\S]*\| 1 held \| 8 \| 1,000 /,
    );
  });

  it("a violation is red and named with its seed, and so is a trial that broke off", () => {
    const fallen = made({ problems: ["lost: 17"], seed: 8 });
    expect(held([made(), fallen])).toBe(false);
    expect(reportOf([made(), fallen])).toMatch(/\| 1 held, 1 FELL \|[\s\S]*- F1, seed 8: lost: 17/);
    expect(held([{ fault, seed: 7, result: { kind: "broken", why: "no house" } }])).toBe(false);
  });

  it("a fault that cannot be made here says why, and is not counted as held", () => {
    const run: Run = { fault, seed: 7, result: { kind: "not made", why: "no faketime" } };
    expect(reportOf([run])).toMatch(/\| 1 not made \| 7 \|[ |]*\| no faketime \|/);
    expect(summaryOf([run, made()])).toBe("2 runs: 1 held, 0 fell, 1 not made");
  });
});
