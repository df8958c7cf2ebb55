/** An operation took longer than it may; what became of it is unknown. */
export class DeadlineExceeded extends Error {
  override readonly name = "DeadlineExceeded";
}

/**
 * Settles within `ms`, also where the driver would wait longer or takes no signal, as for writes. `run` gets a
 * signal that is aborted then; what it still does goes on unseen, until the driver's own times end it.
 */
export async function withDeadline<T>(ms: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const overdue = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new DeadlineExceeded(`not settled within ${ms} ms`);
    controller.abort(error);
    overdue.reject(error);
  }, ms);
  try {
    return await Promise.race([run(controller.signal), overdue.promise]);
  } finally {
    clearTimeout(timer);
  }
}
