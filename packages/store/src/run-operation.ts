import { ChatError } from "@parley/models";
import type { Observe, StoreOperation } from "./events.ts";

/**
 * Runs an operation of a store. A database error becomes ChatError `unavailable` and a `failure` event. Neither holds
 * more than the kind of error, since a driver's error can contain whole documents. `reasonOf` returns the kind, or
 * undefined for an error that isn't the database's: that one is rethrown.
 */
export async function runOperation<T>(
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
