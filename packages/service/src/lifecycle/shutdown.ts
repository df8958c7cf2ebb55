import type { Logger } from "../logging/logger.ts";
import { Closers } from "./closers.ts";

/**
 * Two signals within this time, in ms, are treated as one. Under npm or pnpm a process gets Ctrl-C twice: from the
 * terminal and from npm or pnpm.
 */
const SAME_SIGNAL_MS = 500;

/** Stops a process: closes everything once within a deadline, and exits at once on a second signal (P41). */
export class Shutdown {
  readonly closers: Closers;
  readonly #stopping = new AbortController();
  readonly #log: Logger;
  readonly #deadlineMs: number;
  #signalledAt: number | undefined;

  constructor(log: Logger, deadlineMs: number) {
    this.#log = log;
    this.#deadlineMs = deadlineMs;
    this.closers = new Closers(log);
  }

  /** Aborted before anything is closed. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Closes everything and exits with 0, or with 1 if a close failed. A second signal exits with 1 at once. */
  handleSignal(signal: NodeJS.Signals): void {
    const now = performance.now();
    if (this.#signalledAt !== undefined && now - this.#signalledAt < SAME_SIGNAL_MS) return;
    if (this.stopping.aborted) {
      this.#log.warn({ signal, closing: this.closers.current }, "forced to stop");
      process.exit(1);
    }
    this.#signalledAt = now;
    this.#log.info({ signal }, "stopping");
    void this.closeAll().then((isClean) => {
      this.#log.info("stopped");
      process.exit(isClean ? 0 : 1);
    });
  }

  /** Closes everything and resolves with true if nothing failed. Exits with 1 once the deadline has passed. */
  closeAll(): Promise<boolean> {
    this.#stopping.abort();
    setTimeout(() => {
      this.#log.fatal({ closing: this.closers.current }, `not stopped within ${this.#deadlineMs} ms`);
      process.exit(1);
    }, this.#deadlineMs);
    return this.closers.run();
  }
}
