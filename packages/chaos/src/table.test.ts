import { describe, expect, it } from "vitest";
import { check } from "./checker.ts";
import { held, type Row, summaryOf, tableOf } from "./table.ts";

const verdict = check({ sends: [], observations: [], history: [], database: [] });
const strike = { struck: 3, of: "claims", recoveryMs: 1_234, shown: "all well" };
const fault = { id: "F1", title: "a persister dies" };
const made = (problems: string[]): Row => ({ fault, result: { kind: "made", strike, verdict, problems } });

describe("the table", () => {
  it("shows a fault under which everything held", () => {
    expect(tableOf([made([])])).toContain("| F1 | a persister dies | held |");
    expect(tableOf([made([])])).toContain("| 3 claims | 1.2 s | all well |");
    expect(held([made([])])).toBe(true);
  });

  it("a violation is red and named, and so is a trial that broke off", () => {
    expect(held([made([]), made(["lost: 17"])])).toBe(false);
    expect(tableOf([made(["lost: 17"])])).toMatch(/FELL[\s\S]*- F1: lost: 17/);
    expect(held([{ fault, result: { kind: "broken", why: "no house" } }])).toBe(false);
  });

  it("a fault that cannot be made here says why, and is not counted as held", () => {
    const row: Row = { fault, result: { kind: "not made", why: "no faketime" } };
    expect(tableOf([row])).toContain("no faketime");
    expect(summaryOf([row, made([])])).toBe("1 held, 0 fell, 1 not made");
  });
});
