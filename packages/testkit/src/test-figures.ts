/** Numbers of tests or checks by outcome. */
export interface Figures {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The fields of vitest's JSON report that are used here. */
export interface TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  /** One entry per file. */
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/**
 * Returns the figures of one run of vitest. A file that could not be loaded adds one failure. A run that failed
 * without a failed test also adds one failure: an unhandled error, or a missing report.
 */
export function figuresOf(report: TestReport | undefined, exitCode: number | null): Figures {
  const passed = report?.numPassedTests ?? 0;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  const brokenFiles = (report?.testResults ?? []).filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  ).length;
  const failed = (report?.numFailedTests ?? 0) + brokenFiles;
  return { passed, skipped, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
}

/** Returns the figures of one check, from its exit code. */
export function figuresOfCheck(exitCode: number | null): Figures {
  return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 };
}

export function sum(figures: readonly Figures[]): Figures {
  const total = (key: keyof Figures): number => figures.reduce((count, part) => count + part[key], 0);
  return { passed: total("passed"), failed: total("failed"), skipped: total("skipped") };
}

/** Formats the last line of the test command. */
export function lineOf({ passed, failed, skipped }: Figures): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
