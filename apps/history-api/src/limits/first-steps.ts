import { sleep } from "@parley/async";

/** Counts the pages whose first step is being read. Whatever is long waits for them (see ReadTurns). */
export class FirstSteps {
  #running = 0;
  #none = Promise.withResolvers<void>();

  /** Begins a first step. The returned function ends it; only its first call has an effect. */
  begin(): () => void {
    let isOver = false;
    this.#running += 1;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#running -= 1;
      if (this.#running > 0) return;
      this.#none.resolve();
      this.#none = Promise.withResolvers();
    };
  }

  /** Waits until none is running, but at most so many ms. Rejects with the signal's reason once the signal is aborted. */
  async untilNone(maxMs: number, signal: AbortSignal): Promise<void> {
    if (this.#running === 0 || maxMs <= 0) return;
    const over = new AbortController();
    const longEnough = sleep(maxMs, AbortSignal.any([over.signal, signal]));
    await Promise.race([this.#none.promise, longEnough]);
    over.abort();
    signal.throwIfAborted();
  }
}
