/** An operation exceeded its time limit. Its outcome is unknown. */
export class DeadlineExceeded extends Error {
  override readonly name = "DeadlineExceeded";
}

/**
 * Runs an operation and settles within `ms`, even if the driver would wait longer. At the deadline the signal is
 * aborted and the result of `run` is ignored. An operation that accepts no signal, such as a write, is ended later by
 * the driver's own timeouts.
 */
export async function withDeadline<T>(ms: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const overdue = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new DeadlineExceeded(`the operation took longer than ${ms} ms`);
    controller.abort(error);
    overdue.reject(error);
  }, ms);
  try {
    return await Promise.race([run(controller.signal), overdue.promise]);
  } finally {
    clearTimeout(timer);
  }
}
