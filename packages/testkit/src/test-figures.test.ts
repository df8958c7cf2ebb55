import { expect, it } from "vitest";
import { figuresOf, figuresOfCheck, lineOf, sum, type TestReport } from "./test-figures.ts";

const report = (changes: Partial<TestReport> = {}): TestReport => ({
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 2,
  numTodoTests: 1,
  testResults: [{ status: "passed", assertionResults: [{}, {}] }],
  ...changes,
});

it("counts tests, and counts todo tests as skipped", () => {
  expect(figuresOf(report(), 0)).toEqual({ passed: 5, failed: 0, skipped: 3 });
  expect(figuresOf(report({ numFailedTests: 2 }), 1)).toEqual({ passed: 5, failed: 2, skipped: 3 });
});

it("counts a file that could not be loaded as a failure", () => {
  const broken = { status: "failed", assertionResults: [] };
  expect(figuresOf(report({ testResults: [broken, broken] }), 1)).toMatchObject({ failed: 2 });
});

it("never counts a failed run as passed", () => {
  expect(figuresOf(report(), 1)).toMatchObject({ failed: 1 });
  expect(figuresOf(report(), null)).toMatchObject({ failed: 1 });
  expect(figuresOf(undefined, 0)).toEqual({ passed: 0, failed: 0, skipped: 0 });
  expect(figuresOf(undefined, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

it("adds up checks and tests in one line", () => {
  const all = sum([figuresOfCheck(0), figuresOfCheck(1), figuresOfCheck(null), figuresOf(report(), 0)]);
  expect(lineOf(all)).toBe("6 passed, 2 failed, 3 skipped");
});
