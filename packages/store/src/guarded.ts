import { ChatError } from "@parley/models";
import type { Observe, StoreOperation } from "./events.ts";

/**
 * Runs one operation. What it fails with becomes `unavailable`, and the event gets its kind alone: a driver's error
 * can hold whole documents, so it is neither passed on nor kept as a cause. `reasonOf` says the kind; undefined is
 * an error that is not the store's, and is thrown as it is.
 */
export async function guarded<T>(
  { observe, reasonOf }: { observe: Observe; reasonOf: (error: unknown) => string | undefined },
  operation: StoreOperation,
  run: () => T | Promise<T>,
): Promise<T> {
  const started = performance.now();
  try {
    return await run();
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    observe({ type: "failure", operation, reason, ms: performance.now() - started });
    throw new ChatError("unavailable");
  }
}
