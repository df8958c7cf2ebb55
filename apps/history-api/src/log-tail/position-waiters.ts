import { type ChatError, idAfter } from "@parley/models";
import { unavailable } from "../errors.ts";

interface Waiter {
  readonly id: string;
  resolve(): void;
  reject(error: ChatError): void;
}

/** Requests that wait until the follower has reached a position in the log. */
export class PositionWaiters {
  readonly #waiters = new Set<Waiter>();

  /** Resolves once `reached` is called with `id` or a later id. Rejects with `unavailable` after `timeoutMs`. */
  async wait(id: string, timeoutMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { id, resolve, reject };
    this.#waiters.add(waiter);
    const timeOut = () =>
      reject(unavailable("This server is behind the log and is catching up. Retry later."));
    const timer = setTimeout(timeOut, timeoutMs);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
    }
  }

  /** Resolves once `reached` is called with a position after `position`, on `rejectAll`, and once the signal is aborted. */
  async waitBeyond(position: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { id: idAfter(position), resolve, reject: () => resolve() };
    this.#waiters.add(waiter);
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (!signal.aborted) await promise;
    this.#waiters.delete(waiter);
  }

  /** Resolves every waiter whose id is at or before `position`. */
  reached(position: string): void {
    for (const waiter of this.#waiters) if (waiter.id <= position) waiter.resolve();
  }

  rejectAll(error: ChatError): void {
    for (const waiter of this.#waiters) waiter.reject(error);
  }
}
