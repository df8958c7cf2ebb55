/**
 * Shares one reading among callers, and never an old one: each gets a reading that began after its call. While one
 * is under way all that call wait for the next one together, so however many call, one is under way at a time.
 */
export function shareFresh<Reading>(read: () => Promise<Reading>): () => Promise<Reading> {
  let underWay: Promise<Reading> | undefined;
  let next: Promise<Reading> | undefined;

  function begin(): Promise<Reading> {
    const reading = read().finally(() => {
      if (underWay === reading && !next) underWay = undefined;
    });
    underWay = reading;
    next = undefined;
    return reading;
  }

  return () => {
    if (!underWay) return begin();
    next ??= underWay.then(begin, begin);
    return next;
  };
}
