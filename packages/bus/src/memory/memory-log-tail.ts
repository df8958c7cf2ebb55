import { ChatError } from "@parley/models";
import type { LogTail, TailRead } from "../log-tail.ts";
import type { Bell } from "./bell.ts";
import type { Journal } from "./journal.ts";

const WAIT_MS = 1_000;

/**
 * A message ends its way through this log by being stored, and its sender hears of it only then (L23). So the log
 * ends at what is settled, the watermark is the end, and no reader ever has to be given a message.
 */
export class MemoryLogTail implements LogTail {
  readonly #journal: Journal;
  readonly #settled: Bell;
  #closed = false;

  constructor(journal: Journal, settled: Bell) {
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

  async read(after: string, signal: AbortSignal): Promise<TailRead> {
    signal.throwIfAborted();
    this.#assertOpen();
    if (after > this.#journal.settledUpTo) return { kind: "lost" };
    if (after === this.#journal.settledUpTo) await this.#settled.wait(WAIT_MS, signal);
    signal.throwIfAborted();
    this.#assertOpen();
    return { kind: "read", messages: [], position: this.#journal.settledUpTo };
  }

  problem(): string | undefined {
    return this.#closed ? "the log is closed" : undefined;
  }

  close(): void {
    this.#closed = true;
    this.#settled.ring();
  }

  #assertOpen(): void {
    if (this.#closed) throw new ChatError("unavailable");
  }
}
