import { ChatError } from "@parley/models";
import type { Observe, StoreOperation } from "./events.ts";

/**
 * Runs an operation of a store. A database error is reported as a `failure` event with the kind of error, and becomes
 * ChatError `unavailable` with the kind as its cause. Neither contains the driver's text, which can contain whole
 * documents.
 *
 * `reasonOf` returns the kind of an error. It returns undefined for errors that aren't the database's: these are
 * rethrown.
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
    throw new ChatError("unavailable", { cause: new Error(reason) });
  }
}
