import type { Consumed, Consumer, Outcome } from "@parley/bus";
import { ChatError, type LogMessage, refKey } from "@parley/models";

/** Decides what becomes of a message instead of the keeper; undefined leaves it to the keeper. */
export type Judge = (consumed: Consumed) => Outcome | undefined;

/**
 * Plays the persister where a bus is tested alone: consumes, keeps in memory by the rules of L13, settles. What it
 * says it has kept is in `kept` before the log hears of it.
 */
export class Keeper {
  readonly kept = new Map<string, LogMessage>();
  /** Every delivery, in the order given out. */
  readonly consumed: Consumed[] = [];
  judge: Judge = () => undefined;
  readonly #byRef = new Map<string, LogMessage>();
  readonly #consume: Consumer;
  readonly #stopping = new AbortController();
  #paused = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;

  constructor(consume: Consumer) {
    this.#consume = consume;
    this.#paused.resolve();
  }

  start(): void {
    this.#running ??= this.#run(this.#stopping.signal);
  }

  /** What is given out from now on is kept only after `resume`. */
  pause(): void {
    this.#paused = Promise.withResolvers();
  }

  resume(): void {
    this.#paused.resolve();
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
      await this.#paused.promise;
      if (batch.length > 0) await this.#settle(batch);
    }
  }

  async #settle(batch: readonly Consumed[]): Promise<void> {
    this.consumed.push(...batch);
    const settled = batch.map((consumed) => ({
      message: consumed.message,
      outcome: this.judge(consumed) ?? this.#keep(consumed.message),
    }));
    // Unavailable: the log could not be told, and gives the same messages out again.
    await this.#consume.settle(settled).catch((error: unknown) => {
      if (!(error instanceof ChatError)) throw error;
    });
  }

  /** A ref that stands for another content is kept without it where the sender has had its ack (L13). */
  #keep(message: LogMessage): Outcome {
    const key = refKey(message);
    const first = key === undefined ? undefined : this.#byRef.get(key);
    if (first && first.id !== message.id) {
      if (first.content === message.content) return { kind: "duplicateOf", id: first.id };
      if (!this.#consume.acknowledged) return { kind: "refReused" };
    }
    const before = this.kept.get(message.id);
    if (before && before.content !== message.content) return { kind: "idConflict" };
    this.kept.set(message.id, message);
    if (key !== undefined && !first) this.#byRef.set(key, message);
    return { kind: "stored" };
  }
}
