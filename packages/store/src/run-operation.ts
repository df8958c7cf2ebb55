import { type StoreProblem, StoreUnavailable } from "./errors.ts";
import type { Observe, StoreOperation } from "./events.ts";

export interface OperationDeps {
  readonly observe: Observe;
  readonly reasonOf: (error: unknown) => string | undefined;
  /** Tells why the database couldn't answer. By default it is `failing`. */
  readonly problemOf?: (error: unknown) => StoreProblem;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs an operation of a store. A database error is reported as a `failure` event with the kind of error, and becomes
 * StoreUnavailable with the kind as its cause. Neither contains the driver's text, which can contain whole documents.
 *
 * `reasonOf` returns the kind of an error. It returns undefined for errors that aren't the database's: these are
 * rethrown. So is the reason of `signal`, with which the caller abandons the operation.
 */
export async function runOperation<T>(
  { observe, reasonOf, problemOf = () => "failing", signal }: OperationDeps,
  operation: StoreOperation,
  run: () => T | Promise<T>,
): Promise<T> {
  const started = performance.now();
  try {
    return await run();
  } catch (error) {
    if (signal?.aborted && error === signal.reason) throw error;
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    observe({ type: "failure", operation, reason, ms: performance.now() - started });
    throw new StoreUnavailable(problemOf(error), reason);
  }
}
