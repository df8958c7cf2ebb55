/** The longest time that a platform's timer takes, in ms. */
export const LONGEST_MS = 2 ** 31 - 1;

/** Resolves after `ms`, or at once when aborted. Never rejects, and leaves no timer behind. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, Math.min(Math.max(ms, 0), LONGEST_MS));
    signal.addEventListener("abort", done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
