import { reasonOf } from "./errors.ts";
import type { LogStep, Observe } from "./events.ts";

/**
 * Runs one step with the log. If the step fails, reports the failure and returns undefined: the log delivers the
 * messages of a failed step again.
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
