import type { ChatError } from "@parley/models";
import { unavailable } from "../errors.ts";

interface Waiter {
  readonly id: string;
  resolve(): void;
  reject(error: ChatError): void;
}

/** Requests that wait until the log has been followed to an id. */
export class Waiters {
  readonly #waiting = new Set<Waiter>();

  /** Rejects with `unavailable` after `timeoutMs`. */
  async wait(id: string, timeoutMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { id, resolve, reject };
    this.#waiting.add(waiter);
    const tooLong = () => reject(unavailable("This server is behind the log: it catches up."));
    const timer = setTimeout(tooLong, timeoutMs);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(waiter);
    }
  }

  reached(position: string): void {
    for (const waiter of this.#waiting) if (waiter.id <= position) waiter.resolve();
  }

  rejectAll(error: ChatError): void {
    for (const waiter of this.#waiting) waiter.reject(error);
  }
}
