import type { Verdict } from "../checker/checker.ts";
import type { Injection } from "../faults/fault.ts";

/** The result of one trial. */
export type Result =
  | {
      readonly kind: "completed";
      readonly injection: Injection;
      readonly verdict: Verdict;
      readonly problems: readonly string[];
    }
  /** The machine can't make the fault. This is neither a success nor a failure. */
  | { readonly kind: "not made"; readonly reason: string }
  /** The trial itself failed. Nothing is known about the guarantees, so this is treated as a failure. */
  | { readonly kind: "aborted"; readonly reason: string };

/** The part of a result that says if it is a success. Results of other kinds of trials have it too. */
export type Judged =
  | { readonly kind: "completed"; readonly problems: readonly string[] }
  | { readonly kind: "not made" | "aborted"; readonly reason: string };

/** Every violation, one line each. Empty for a fault that the machine can't make. */
export function problemsOf(result: Judged): readonly string[] {
  switch (result.kind) {
    case "completed":
      return result.problems;
    case "not made":
      return [];
    case "aborted":
      return [`the trial was aborted: ${result.reason}`];
  }
}
