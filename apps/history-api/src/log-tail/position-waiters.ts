import type { ChatError } from "@parley/models";
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

  /** Resolves every waiter whose id is at or before `position`. */
  reached(position: string): void {
    for (const waiter of this.#waiters) if (waiter.id <= position) waiter.resolve();
  }

  rejectAll(error: ChatError): void {
    for (const waiter of this.#waiters) waiter.reject(error);
  }
}
