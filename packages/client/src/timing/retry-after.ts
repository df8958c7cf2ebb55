/** The longest wait that a server may ask for, in ms. Parley asks for some seconds. */
const MAX_MS = 300_000;

/**
 * Returns the wait that a server asks for, in ms, or undefined if the value isn't a time. A longer wait than five minutes is
 * cut, so that a broken server or proxy can't keep a client away for days.
 */
export function retryAfterOf(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 ? Math.min(value, MAX_MS) : undefined;
}
