import type { Consumed, Consumer, LogState, Outcome, Settled } from "@parley/bus";
import { ChatError, formatId, type LogMessage, ORIGIN } from "@parley/models";
import type { InsertOutcome, Store } from "@parley/store";

/** Failures that no real log or store has at will, step by step. */

export function message(seq: number, changes: Partial<LogMessage> = {}): LogMessage {
  const id = formatId({ ms: 1_700_000_000_000, seq });
  return { id, from: "alice", to: "bob", content: `number ${seq}`, ...changes };
}

export function given(message: LogMessage, deliveries = 1): Consumed {
  return { message, deliveries };
}

export const unavailable = () => new ChatError("unavailable");

/** A log that gives out the batches put into it, one at a time, and notes what it is told. */
export class ScriptedConsume implements Consumer {
  readonly acknowledged: boolean;
  readonly settled: Settled[] = [];
  readonly batches: (readonly Consumed[])[] = [];
  /** How often `next` was called: more than were answered means that it is waited for. */
  asked = 0;
  state: LogState = { end: ORIGIN, watermark: ORIGIN, backlogEntries: 0, backlogBytes: 0 };
  beforeSettle: () => Promise<void> = () => Promise.resolve();
  #wake: () => void = () => undefined;

  constructor({ acknowledged = true }: { readonly acknowledged?: boolean } = {}) {
    this.acknowledged = acknowledged;
  }

  give(...batch: readonly Consumed[]): void {
    this.batches.push(batch);
    this.#wake();
  }

  async next(signal: AbortSignal): Promise<readonly Consumed[]> {
    this.asked += 1;
    while (!signal.aborted) {
      const batch = this.batches.shift();
      if (batch) return batch;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    throw signal.reason;
  }

  async settle(settled: readonly Settled[]): Promise<void> {
    await this.beforeSettle();
    this.settled.push(...settled);
  }

  trim(): Promise<LogState> {
    return Promise.resolve(this.state);
  }

  readonly deadLetters = {
    list: () => Promise.resolve([]),
    replay: () => Promise.resolve("not_found" as const),
    drop: () => Promise.resolve("not_found" as const),
  };

  problem(): string | undefined {
    return undefined;
  }

  /** What became of each message, by id, the last word first. */
  outcomeOf(message: LogMessage): Outcome | undefined {
    return this.settled.findLast((settled) => settled.message.id === message.id)?.outcome;
  }
}

type InsertStep = (
  messages: readonly LogMessage[],
) => Promise<readonly InsertOutcome[]> | readonly InsertOutcome[];

/** A store whose every insert does what `onInsert` says; by default everything is stored. */
export class ScriptedStore implements Pick<Store, "prepare" | "insert"> {
  readonly inserts: (readonly LogMessage[])[] = [];
  onInsert: InsertStep = (messages) => messages.map(() => ({ kind: "stored" }));
  onPrepare: () => Promise<void> = () => Promise.resolve();

  prepare(): Promise<void> {
    return this.onPrepare();
  }

  async insert(messages: readonly LogMessage[]): Promise<readonly InsertOutcome[]> {
    this.inserts.push(messages);
    return this.onInsert(messages);
  }

  /** The ids of every insert, in order. */
  get tried(): string[][] {
    return this.inserts.map((messages) => messages.map((one) => one.id));
  }
}
