import { clock } from "./clock.ts";
import { onWake } from "./wake.ts";

/** The longest delay that `setTimeout` accepts, in ms. A longer one fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Resolves after `ms`, or at once when one of the signals is aborted. If the platform has delayed the timer, resolves
 * when the page wakes. Never rejects, and leaves no timer or listener behind.
 */
export function sleep(ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
  if (signals.some(({ aborted }) => aborted)) return Promise.resolve();
  return new Promise((resolve) => {
    const until = clock.now() + ms;
    const timer = setTimeout(done, Math.min(Math.max(ms, 0), MAX_TIMER_MS));
    const stopListening = onWake(() => {
      if (clock.now() >= until) done();
    });
    for (const signal of signals) signal.addEventListener("abort", done);
    function done() {
      clearTimeout(timer);
      stopListening();
      for (const signal of signals) signal.removeEventListener("abort", done);
      resolve();
    }
  });
}

/**
 * Runs a task with a signal that is aborted after `ms`, or with one of `signals`. Does the work of `AbortSignal.any` and
 * `AbortSignal.timeout`, which many browsers lack.
 */
export async function withTimeout<Result>(
  ms: number,
  signals: readonly AbortSignal[],
  task: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const ended = new AbortController();
  const finished = new AbortController();
  if (signals.some(({ aborted }) => aborted)) ended.abort();
  void sleep(ms, finished.signal, ...signals).then(() => ended.abort());
  try {
    return await task(ended.signal);
  } finally {
    finished.abort();
  }
}
