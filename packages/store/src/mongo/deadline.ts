/** An operation exceeded its time limit. Its outcome is unknown. */
export class DeadlineExceeded extends Error {
  override readonly name = "DeadlineExceeded";
}

/**
 * Runs an operation and settles within `ms`, even if the driver would wait longer. At the deadline the signal is
 * aborted and the result of `run` is ignored. An operation that accepts no signal, such as a write, is ended later by
 * the driver's own timeouts. If the caller aborts `abandoned` earlier, the same happens with the reason of that signal.
 */
export async function withDeadline<T>(
  ms: number,
  run: (signal: AbortSignal) => Promise<T>,
  abandoned?: AbortSignal,
): Promise<T> {
  abandoned?.throwIfAborted();
  const controller = new AbortController();
  const ended = Promise.withResolvers<never>();
  const end = (error: unknown): void => {
    controller.abort(error);
    ended.reject(error);
  };
  const onAbandoned = () => end(abandoned?.reason);
  const timer = setTimeout(() => end(new DeadlineExceeded(`the operation took longer than ${ms} ms`)), ms);
  abandoned?.addEventListener("abort", onAbandoned, { once: true });
  try {
    return await Promise.race([run(controller.signal), ended.promise]);
  } finally {
    clearTimeout(timer);
    abandoned?.removeEventListener("abort", onAbandoned);
  }
}

/**
 * The time limit of an operation. `signal` ends the wait for the result of a read, and its connection. `maxTimeMS` ends
 * the server's work, also that of a write.
 */
export interface TimeLimit {
  readonly signal: AbortSignal;
  readonly maxTimeMS: number;
}

/** Runs one operation within its own time limit. */
export type RunStep = <T>(run: (timeLimit: TimeLimit) => Promise<T>) => Promise<T>;
