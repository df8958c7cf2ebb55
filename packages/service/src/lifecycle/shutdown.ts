import type { Logger } from "../logging/logger.ts";
import { Closers } from "./closers.ts";

/** Ctrl-C reaches a process twice when npm or pnpm runs it: from the terminal, and passed on by them. */
const SAME_SIGNAL_MS = 500;

/** How a process ends: once, within a deadline, and at once for who insists. */
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

  /** Exit code 0 when everything closed well, else 1; a second signal does not wait for that. */
  signalled(signal: NodeJS.Signals): void {
    const now = performance.now();
    if (this.#signalledAt !== undefined && now - this.#signalledAt < SAME_SIGNAL_MS) return;
    if (this.stopping.aborted) {
      this.#log.warn({ signal, closing: this.closers.current }, "forced to stop");
      process.exit(1);
    }
    this.#signalledAt = now;
    this.#log.info({ signal }, "stopping");
    void this.closeAll().then((well) => {
      this.#log.info("stopped");
      process.exit(well ? 0 : 1);
    });
  }

  /** Resolves with whether everything closed well. The process ends with 1 when that takes too long. */
  closeAll(): Promise<boolean> {
    this.#stopping.abort();
    setTimeout(() => {
      this.#log.fatal({ closing: this.closers.current }, `not stopped within ${this.#deadlineMs} ms`);
      process.exit(1);
    }, this.#deadlineMs);
    return this.closers.run();
  }
}
