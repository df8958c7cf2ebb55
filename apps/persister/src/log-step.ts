import { reasonOf } from "./errors.ts";
import type { LogStep, Observe } from "./events.ts";

/**
 * Runs one operation on the log. If it fails, reports the failure and returns undefined rather than rejecting, because
 * the log delivers the operation's messages again.
 */
export async function tryLogStep<Result>(
  observe: Observe,
  doing: LogStep,
  step: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await step();
  } catch (error) {
    observe({ type: "log-failed", doing, reason: reasonOf(error) });
    return undefined;
  }
}
