import { ChatError } from "@parley/models";
import type { LogState } from "../log-state.ts";
import type { LogTail, TailRead } from "../log-tail.ts";
import type { Journal } from "./journal.ts";
import type { Notifier } from "./notifier.ts";

/** `read` waits at most this long for a message, in ms. */
const WAIT_MS = 1_000;

/**
 * The tail of an in-memory log, which is always empty. The sender of a message or a change gets the ack only after it is
 * stored (L23). So the log ends at the last settled entry, the watermark equals the end, and reads return no entries.
 */
export class MemoryLogTail implements LogTail {
  readonly #journal: Journal;
  readonly #settled: Notifier;
  #closed = false;

  constructor(journal: Journal, settled: Notifier) {
    this.#journal = journal;
    this.#settled = settled;
  }

  async position(): Promise<string> {
    this.#assertOpen();
    return this.#journal.settledUpTo;
  }

  watermark(): Promise<string> {
    return this.position();
  }

  async state(): Promise<LogState> {
    this.#assertOpen();
    return this.#journal.state;
  }

  async read(after: string, signal: AbortSignal): Promise<TailRead> {
    signal.throwIfAborted();
    this.#assertOpen();
    if (after > this.#journal.settledUpTo) return { kind: "lost" };
    if (after === this.#journal.settledUpTo) await this.#settled.wait(WAIT_MS, signal);
    signal.throwIfAborted();
    this.#assertOpen();
    return { kind: "read", entries: [], position: this.#journal.settledUpTo };
  }

  problem(): string | undefined {
    return this.#closed ? "the log is closed" : undefined;
  }

  close(): void {
    this.#closed = true;
    this.#settled.notifyAll();
  }

  #assertOpen(): void {
    if (this.#closed) throw new ChatError("unavailable");
  }
}
