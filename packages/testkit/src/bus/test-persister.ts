import type { Consumed, Consumer, Outcome } from "@parley/bus";
import {
  ChatError,
  isChange,
  isSameContent,
  type LogChange,
  type LogEntry,
  type LogMessage,
  refKey,
} from "@parley/models";

/** Decides an entry's outcome. If it returns undefined, the test persister decides by its own rules. */
export type Decide = (consumed: Consumed) => Outcome | undefined;

/**
 * A persister for tests of a bus. Consumes messages and changes, stores them in memory by the rules of L13, and settles
 * them. `stored` has a message, and `changes` a change, before the log gets the outcome.
 */
export class TestPersister {
  readonly stored = new Map<string, LogMessage>();
  /** By their own ids. */
  readonly changes = new Map<string, LogChange>();
  /** Every delivery of an entry, in order, including repeated deliveries. */
  readonly consumed: Consumed[] = [];
  decide: Decide = () => undefined;
  readonly #byRef = new Map<string, LogMessage>();
  readonly #consume: Consumer;
  readonly #stopping = new AbortController();
  /** Resolved unless the persister is paused. */
  #resumed = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;

  constructor(consume: Consumer) {
    this.#consume = consume;
    this.#resumed.resolve();
  }

  start(): void {
    this.#running ??= this.#run(this.#stopping.signal);
  }

  /** Pauses storing until `resume` is called. */
  pause(): void {
    this.#resumed = Promise.withResolvers();
  }

  resume(): void {
    this.#resumed.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.resume();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const batch = await this.#consume.next(signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        return [];
      });
      await this.#resumed.promise;
      if (batch.length > 0) await this.#settle(batch);
    }
  }

  async #settle(batch: readonly Consumed[]): Promise<void> {
    this.consumed.push(...batch);
    const settled = batch.map((consumed) => ({
      entry: consumed.entry,
      outcome: this.decide(consumed) ?? this.#store(consumed.entry),
    }));
    // `unavailable` means that the log didn't record the outcomes. It delivers the same entries again.
    await this.#consume.settle(settled).catch((error: unknown) => {
      if (!(error instanceof ChatError)) throw error;
    });
  }

  #store(entry: LogEntry): Outcome {
    if (!isChange(entry)) return this.#storeMessage(entry);
    this.changes.set(entry.change, entry);
    return { kind: "stored" };
  }

  /**
   * If a message reuses a ref with other content, stores it when this message was already acknowledged to its sender.
   * Otherwise refuses it (L13).
   */
  #storeMessage(message: LogMessage): Outcome {
    const key = refKey(message);
    const first = key === undefined ? undefined : this.#byRef.get(key);
    if (first && first.id !== message.id) {
      if (isSameContent(first, message)) return { kind: "duplicateOf", id: first.id };
      if (!this.#consume.acknowledged) return { kind: "refReused" };
    }
    const sameId = this.stored.get(message.id);
    if (sameId && !isSameContent(sameId, message)) return { kind: "idConflict" };
    this.stored.set(message.id, message);
    if (key !== undefined && !first) this.#byRef.set(key, message);
    return { kind: "stored" };
  }
}
