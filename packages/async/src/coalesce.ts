/**
 * Shares one read among concurrent callers without ever returning an old result: each caller gets the result of a
 * read that began after its call. While a read is in flight, all new callers wait for the next one together, so at
 * most one read is in flight at a time (P56, G5).
 */
export function coalesce<T>(read: () => Promise<T>): () => Promise<T> {
  let inFlight: Promise<T> | undefined;
  let next: Promise<T> | undefined;

  function begin(): Promise<T> {
    const reading = read().finally(() => {
      if (inFlight === reading && !next) inFlight = undefined;
    });
    inFlight = reading;
    next = undefined;
    return reading;
  }

  return () => {
    if (!inFlight) return begin();
    next ??= inFlight.then(begin, begin);
    return next;
  };
}
