import type { Verdict } from "../checker/checker.ts";
import type { Strike } from "../faults/fault.ts";

/** What came out for one fault. */
export type Result =
  | {
      readonly kind: "made";
      readonly strike: Strike;
      readonly verdict: Verdict;
      readonly problems: readonly string[];
    }
  /** It cannot be made here: neither passed nor failed. */
  | { readonly kind: "not made"; readonly why: string }
  /** The trial itself broke off: nothing is known, and that is a failure. */
  | { readonly kind: "broken"; readonly why: string };

/** What fell, one line each; a fault that could not be made says nothing. */
export function problemsOf(result: Result): readonly string[] {
  switch (result.kind) {
    case "made":
      return result.problems;
    case "not made":
      return [];
    case "broken":
      return [`the trial broke off: ${result.why}`];
  }
}
