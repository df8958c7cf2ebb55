/**
 * Returns work that is awaited later, such as a load that runs beside the steps of a test. If it fails before, whoever awaits
 * it gets the error, as with any promise. Without this, Node takes a rejection that nobody awaits yet for an unhandled one.
 */
export function inBackground<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}
