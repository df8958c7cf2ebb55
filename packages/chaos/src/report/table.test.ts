import { describe, expect, it } from "vitest";
import { check } from "../checker/checker.ts";
import { allHeld, faultReport, faultSummary, type Run } from "./table.ts";

const verdict = check({ sends: [], observations: [], history: [], database: [] });
const counts = { ...verdict.counts, sent: 1_000, acked: 900 };
const fault = { id: "F1", title: "a persister dies" };

function completed(
  changes: { problems?: string[]; seed?: number; recoveryMs?: number; fault?: Run["fault"] } = {},
): Run {
  const { problems = [], seed = 7, recoveryMs = 1_234 } = changes;
  const injection = { struck: 3, unit: "claims", recoveryMs, details: `recovered after ${recoveryMs}` };
  const result = { kind: "completed", injection, verdict: { ...verdict, counts }, problems } as const;
  return { fault: changes.fault ?? fault, seed, result };
}

describe("the report", () => {
  it("shows a fault under which everything held", () => {
    expect(faultReport([completed()])).toContain("| F1 | a persister dies | 1 held | 7 | 1,000 | 900 |");
    expect(faultReport([completed()])).toContain("| 3 claims | 1.2 s | 1.2 s | recovered after 1234 |");
    expect(allHeld([completed()])).toBe(true);
  });

  it("has one row for all runs of a fault: sums, the worst and the median recovery, and the details of the worst run", () => {
    const runs = [
      completed(),
      completed({ seed: 8, recoveryMs: 9_000 }),
      completed({ seed: 9, recoveryMs: 500 }),
    ];
    const report = faultReport(runs);
    expect(report.split("\n")).toHaveLength(3);
    expect(report).toContain("| F1 | a persister dies | 3 held | 7, 8, 9 | 3,000 | 2,700 |");
    expect(report).toContain("| 9 claims | 9.0 s | 1.2 s | recovered after 9000 |");
  });

  it("F18: a random fault has a row for each seed as well", () => {
    const everything = { id: "F18", title: "everything at once", isRandom: true } as const;
    const report = faultReport([completed({ fault: everything }), completed({ fault: everything, seed: 8 })]);
    expect(report).toContain("| 2 held | 7, 8 | 2,000 |");
    expect(report).toMatch(
      /F18, seed by seed:\n\n[\s\S]*\| 1 held \| 7 \| 1,000 [\s\S]*\| 1 held \| 8 \| 1,000 /,
    );
  });

  it("lists each violation with its seed, and counts an aborted trial as fallen", () => {
    const fallen = completed({ problems: ["lost: 17"], seed: 8 });
    expect(allHeld([completed(), fallen])).toBe(false);
    expect(faultReport([completed(), fallen])).toMatch(/\| 1 held, 1 FELL \|[\s\S]*- F1, seed 8: lost: 17/);
    expect(allHeld([{ fault, seed: 7, result: { kind: "aborted", reason: "no cluster" } }])).toBe(false);
  });

  it("a fault that the machine can't make has its reason, and doesn't count as held", () => {
    const run: Run = { fault, seed: 7, result: { kind: "not made", reason: "no faketime" } };
    expect(faultReport([run])).toMatch(/\| 1 not made \| 7 \|[ |]*\| no faketime \|/);
    expect(faultSummary([run, completed()])).toBe("2 runs: 1 held, 0 fell, 1 not made");
  });
});
