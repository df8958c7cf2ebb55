import { setImmediate } from "node:timers/promises";
import { positionOf } from "@parley/models";
import type { Consumed, Consumer, DeadLetters, Settled } from "../consumer.ts";
import type { Observe } from "../events.ts";
import type { LogState } from "../log-state.ts";
import type { Journal } from "./journal.ts";
import type { Notifier } from "./notifier.ts";

/** The most messages in one batch. */
const BATCH = 512;

/** There are never dead letters: only valid drafts enter this log. */
const NO_DEAD_LETTERS: DeadLetters = {
  list: () => Promise.resolve([]),
  replay: () => Promise.resolve("not_found"),
  drop: () => Promise.resolve("not_found"),
};

export interface MemoryConsumerDeps {
  readonly journal: Journal;
  /** Notified when messages wait to be consumed. */
  readonly added: Notifier;
  readonly observe: Observe;
  /** Called after messages were settled. */
  readonly onSettled: () => void;
}

/** The only consumer of an in-memory log. */
export class MemoryConsumer implements Consumer {
  /** False: senders get their acks when their messages are settled (L23). */
  readonly acknowledged = false;
  readonly deadLetters = NO_DEAD_LETTERS;
  readonly #journal: Journal;
  readonly #added: Notifier;
  readonly #observe: Observe;
  readonly #onSettled: () => void;
  /** The last failure, until the entry that failed is settled. */
  #failure: { readonly id: string; readonly reason: string } | undefined;

  constructor({ journal, added, observe, onSettled }: MemoryConsumerDeps) {
    this.#journal = journal;
    this.#added = added;
    this.#observe = observe;
    this.#onSettled = onSettled;
  }

  async next(signal: AbortSignal, limit = BATCH): Promise<readonly Consumed[]> {
    while (!signal.aborted) {
      const taken = this.#journal.take(performance.now(), Math.min(limit, BATCH));
      if (taken.length > 0) return taken.map(({ logged: entry, deliveries }) => ({ entry, deliveries }));
      const due = this.#journal.nextDue();
      await this.#added.wait(due === undefined ? undefined : Math.max(0, due - performance.now()), signal);
      // Group commit: messages that arrive before this event-loop turn ends join the same batch (L6).
      await setImmediate();
    }
    return [];
  }

  /** Returns all entries: there is no other consumer. */
  held(consumed: readonly Consumed[]): Promise<readonly Consumed[]> {
    return Promise.resolve(consumed);
  }

  settle(settled: readonly Settled[]): Promise<void> {
    for (const { entry, outcome } of settled) {
      const id = positionOf(entry);
      const newId = this.#journal.settle(id, outcome, performance.now(), Math.random());
      if (newId) this.#observe({ type: "id-conflict", id, again: newId });
      if (outcome.kind === "failed") this.#failure = { id, reason: outcome.reason };
      else if (this.#failure?.id === id) this.#failure = undefined;
    }
    // Entries that failed or got a new id wait to be consumed again.
    this.#added.notifyAll();
    this.#onSettled();
    return Promise.resolve();
  }

  watermark(): Promise<string> {
    return Promise.resolve(this.#journal.watermark);
  }

  /** Returns the log's state. There is nothing to trim, because stored messages leave the log at once. */
  trim(): Promise<LogState> {
    return Promise.resolve(this.#journal.state);
  }

  problem(): string | undefined {
    return this.#failure && `entry ${this.#failure.id} can't be stored: ${this.#failure.reason}`;
  }
}
