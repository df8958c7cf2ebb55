import { setTimeout as sleep } from "node:timers/promises";

/** Waits that double up to a cap, each anywhere between nothing and the whole, so that no two processes fall in step. */
export class Backoff {
  readonly #firstMs: number;
  readonly #capMs: number;
  #failures = 0;

  constructor({ firstMs, capMs }: { readonly firstMs: number; readonly capMs: number }) {
    this.#firstMs = firstMs;
    this.#capMs = capMs;
  }

  reset(): void {
    this.#failures = 0;
  }

  /** Ends early, without an error, when `signal` is aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    const most = Math.min(this.#capMs, this.#firstMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30);
    await pause(Math.random() * most, signal);
  }
}

/** Resolves after `ms`, or at once when `signal` is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** The promise's outcome, or a rejection as soon as `signal` is aborted; the promise itself goes on. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new DOMException("aborted", "AbortError"));
    if (signal.aborted) {
      promise.catch(() => undefined);
      return abort();
    }
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
