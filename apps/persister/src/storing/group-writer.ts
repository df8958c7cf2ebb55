import type { Consumed, Consumer, Settled } from "@parley/bus";
import type { Outcomes } from "./outcomes.ts";
import type { StoreWriter, WriteResult } from "./store-writer.ts";

/** An entry as the log delivered it, with what is written of it. */
export interface Item {
  readonly consumed: Consumed;
}

/** An entry that the store refused, or to which it gave no answer. */
export interface Refused {
  readonly kind: "failed";
  readonly reason: string;
}

/** An item that has no outcome yet, as it is to be written next. */
export interface Again<I extends Item> {
  readonly again: I;
}

/** One kind of write: of messages, or of changes. */
export interface Write<I extends Item, Answer> {
  /** Writes items once. `mayBeStored` is true if an attempt without an answer may have stored some of them. */
  attempt(items: readonly I[], mayBeStored: boolean, signal: AbortSignal): Promise<WriteResult<Answer>>;
  /** Returns the outcome of an item. `all` are the answers about all items that were written with it. */
  settle(item: I, answer: Answer | Refused, all: readonly (Answer | Refused)[]): Settled | Again<I>;
}

/** A result with which the store has dealt with the items. */
type Written<Answer> = Exclude<WriteResult<Answer>, { kind: "stopped" | "unavailable" }>;

export interface GroupWriterDeps {
  readonly storeWriter: Pick<StoreWriter, "batchLimit">;
  readonly consumer: Pick<Consumer, "held">;
}

/**
 * Writes groups of entries to the store, as many together as the store manages. During an outage they are repeated for
 * ever, and nothing more is read from the log. This is the backpressure: entries wait in the log, within its bound (L7, G5).
 *
 * A group that the store refuses three times is written one by one, so that one bad entry can't block the others (L10).
 */
export class GroupWriter {
  readonly #storeWriter: GroupWriterDeps["storeWriter"];
  readonly #consumer: GroupWriterDeps["consumer"];
  /** True if an outage lasted while the next batch was already read. Others may have taken over its entries. */
  #hadOutage = false;

  constructor({ storeWriter, consumer }: GroupWriterDeps) {
    this.#storeWriter = storeWriter;
    this.#consumer = consumer;
  }

  /** Returns the entries of the next batch that no other persister has taken over. */
  async heldOf(batch: readonly Consumed[]): Promise<readonly Consumed[]> {
    const hadOutage = this.#hadOutage;
    this.#hadOutage = false;
    return hadOutage ? await this.#consumer.held(batch) : batch;
  }

  /** After an outage repeats only those items that aren't stored and that no other persister has taken over. */
  async *write<I extends Item, Answer>(
    write: Write<I, Answer>,
    items: readonly I[],
    signal: AbortSignal,
  ): Outcomes {
    // The number of items, from the first one, that a failed attempt may have stored.
    let doubtful = 0;
    for (let left = items; left.length > 0; ) {
      const part = left.slice(0, this.#storeWriter.batchLimit);
      const written = await write.attempt(part, doubtful > 0, signal);
      if (written.kind === "stopped") return "stopped";
      if (written.kind === "unavailable") {
        doubtful = Math.max(doubtful, part.length);
        this.#hadOutage = true;
        left = await this.#heldItems(left);
        continue;
      }
      doubtful = Math.max(0, doubtful - part.length);
      left = left.slice(part.length);
      if ((yield* this.#settle(write, part, written, signal)) === "stopped") return "stopped";
    }
    return "done";
  }

  async #heldItems<I extends Item>(items: readonly I[]): Promise<readonly I[]> {
    const held = new Set(await this.#consumer.held(items.map((item) => item.consumed)));
    return items.filter((item) => held.has(item.consumed));
  }

  /** Settles a part of a group, and writes what is left of it. A refused part is written one by one. */
  async *#settle<I extends Item, Answer>(
    write: Write<I, Answer>,
    items: readonly I[],
    written: Written<Answer>,
    signal: AbortSignal,
  ): Outcomes {
    if (written.kind === "refused" && items.length > 1) {
      for (const item of items)
        if ((yield* this.write(write, [item], signal)) === "stopped") return "stopped";
      return "done";
    }
    const answered = items.map((item, at) => ({ item, answer: answerOf(written, at) }));
    const all = answered.map(({ answer }) => answer);
    const settled: Settled[] = [];
    const left: I[] = [];
    for (const { item, answer } of answered) {
      const result = write.settle(item, answer, all);
      if ("again" in result) left.push(result.again);
      else settled.push(result);
    }
    if (settled.length > 0) yield settled;
    return yield* this.write(write, left, signal);
  }
}

function answerOf<Answer>(written: Written<Answer>, at: number): Answer | Refused {
  if (written.kind === "refused") return { kind: "failed", reason: written.reason };
  return written.answers[at] ?? { kind: "failed", reason: "the store gave no answer" };
}
