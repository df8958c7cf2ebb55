import { clock } from "./clock.ts";
import { onWake } from "./wake.ts";

/** The longest delay that `setTimeout` accepts, in ms. A longer one fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Resolves after `ms`, or at once when `signal` is aborted. If the platform has delayed the timer, resolves when the
 * page wakes. Never rejects, and leaves no timer behind.
 */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const until = clock.now() + ms;
    const timer = setTimeout(done, Math.min(Math.max(ms, 0), MAX_TIMER_MS));
    const stopListening = onWake(() => {
      if (clock.now() >= until) done();
    });
    signal.addEventListener("abort", done, { once: true });
    function done() {
      clearTimeout(timer);
      stopListening();
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
