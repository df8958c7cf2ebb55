import type { Consumed, Consumer } from "@parley/bus";
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

/** One kind of write: of messages, or of changes. */
export interface Write<Item, Answer> {
  /** Writes items once. `mayBeStored` is true if an attempt without an answer may have stored some of them. */
  attempt(items: readonly Item[], mayBeStored: boolean, signal: AbortSignal): Promise<WriteResult<Answer>>;
  /** Yields the outcomes of items that the store answered. */
  settle(items: readonly Item[], answers: readonly (Answer | Refused)[], signal: AbortSignal): Outcomes;
}

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

  /** Settles a part of a group. A refused part is written one by one. */
  async *#settle<I extends Item, Answer>(
    write: Write<I, Answer>,
    items: readonly I[],
    written: Exclude<WriteResult<Answer>, { kind: "stopped" | "unavailable" }>,
    signal: AbortSignal,
  ): Outcomes {
    if (written.kind === "answered") {
      const answers = items.map((_, at) => written.answers[at] ?? refused("the store gave no answer"));
      return yield* write.settle(items, answers, signal);
    }
    if (items.length === 1) return yield* write.settle(items, [refused(written.reason)], signal);
    for (const item of items) if ((yield* this.write(write, [item], signal)) === "stopped") return "stopped";
    return "done";
  }
}

function refused(reason: string): Refused {
  return { kind: "failed", reason };
}
