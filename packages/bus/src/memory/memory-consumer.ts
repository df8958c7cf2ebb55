import { setImmediate } from "node:timers/promises";
import type { Consumed, Consumer, DeadLetters, LogState, Settled } from "../consumer.ts";
import type { Observe } from "../events.ts";
import type { Bell } from "./bell.ts";
import type { Journal } from "./journal.ts";

/** The most messages of one batch. */
const BATCH = 512;

/** What cannot be a message never gets into this log, so it has no dead letters. */
const NO_DEAD_LETTERS: DeadLetters = {
  list: () => Promise.resolve([]),
  replay: () => Promise.resolve("not_found"),
  drop: () => Promise.resolve("not_found"),
};

export class MemoryConsumer implements Consumer {
  /** L23: senders hear of it when it is settled. */
  readonly acknowledged = false;
  readonly deadLetters = NO_DEAD_LETTERS;
  readonly #journal: Journal;
  readonly #added: Bell;
  readonly #observe: Observe;
  /** Called when messages were settled. */
  readonly #settled: () => void;
  /** The last failure, until its message is settled. */
  #failure: { readonly id: string; readonly text: string } | undefined;

  constructor(journal: Journal, added: Bell, observe: Observe, settled: () => void) {
    this.#journal = journal;
    this.#added = added;
    this.#observe = observe;
    this.#settled = settled;
  }

  async next(signal: AbortSignal): Promise<readonly Consumed[]> {
    while (!signal.aborted) {
      const taken = this.#journal.take(performance.now(), BATCH);
      if (taken.length > 0) return taken.map(({ message, deliveries }) => ({ message, deliveries }));
      const due = this.#journal.dueAt();
      await this.#added.wait(due === undefined ? undefined : Math.max(0, due - performance.now()), signal);
      // Group commit: whatever this turn of the event loop still reads from its sockets goes into the same batch.
      await setImmediate();
    }
    return [];
  }

  settle(settled: readonly Settled[]): Promise<void> {
    for (const { message, outcome } of settled) {
      const again = this.#journal.settle(message.id, outcome, performance.now(), Math.random());
      if (again) this.#observe({ type: "id-conflict", id: message.id, again });
      if (outcome.kind === "failed") this.#failure = { id: message.id, text: outcome.reason };
      else if (this.#failure?.id === message.id) this.#failure = undefined;
    }
    // What failed or has a new id is to be given out again.
    this.#added.ring();
    this.#settled();
    return Promise.resolve();
  }

  /** Nothing is kept that the store has, so there is nothing to let go of. */
  trim(): Promise<LogState> {
    return Promise.resolve({
      end: this.#journal.end,
      watermark: this.#journal.settledUpTo,
      backlogEntries: this.#journal.entries,
      backlogBytes: this.#journal.bytes,
    });
  }

  problem(): string | undefined {
    return this.#failure && `the store fails to take message ${this.#failure.id}: ${this.#failure.text}`;
  }
}
