import type { Consumed, Consumer, Outcome, Settled } from "@parley/bus";
import { isChange, type LogMessage, positionOf } from "@parley/models";
import type { InsertOutcome } from "@parley/store";
import type { Observe } from "../events.ts";
import type { InsertResult, StoreWriter } from "./store-writer.ts";

export interface BatchWriterDeps {
  readonly storeWriter: StoreWriter;
  readonly consumer: Pick<Consumer, "acknowledged" | "held">;
  readonly observe: Observe;
}

/** Changes stay in the log, unstored, and are delivered again. */
const NO_CHANGES = "this persister doesn't store changes";
/** A message that was delivered more often than this is inserted alone from the start (L10). */
const MAX_DELIVERIES_IN_GROUP = 3;

/** `consumed` is the message as the log delivered it. `message` is inserted: the same, or without its ref (L13). */
interface Item {
  readonly consumed: ConsumedMessage;
  readonly message: LogMessage;
}

type ConsumedMessage = Consumed & { readonly entry: LogMessage };

/** Yields outcomes as they become known. Returns `stopped` if it ended before every message had an outcome. */
type Outcomes = AsyncGenerator<readonly Settled[], "done" | "stopped">;

/**
 * Inserts a batch into the store and yields the outcome of each message (L13). Outcomes are yielded as soon as they
 * are known, so that stored messages don't wait for a message that can't be stored.
 *
 * Messages are inserted together, as many as the store manages. During an outage they are repeated for ever, and nothing
 * more is read from the log. This is the backpressure: messages wait in the log, within its bound (L7, G5).
 *
 * A group that the store refuses three times is inserted one by one, so that one bad message can't block the others
 * (L10). Of all outcomes, only `failed` makes the log deliver a message again.
 *
 * A message that was acknowledged, and turns out to be a duplicate of an older one, leaves its id as an alias of the older
 * one in the store, before it is settled (L37).
 *
 * If a process dies between the insert and settling, the log delivers the messages again. No message is lost or
 * stored twice, because inserts are idempotent (F1, F2).
 *
 * If `signal` is aborted during an outage of the store, the remaining messages get no outcome and are delivered
 * again.
 */
export class BatchWriter {
  readonly #storeWriter: StoreWriter;
  readonly #observe: Observe;
  readonly #consumer: BatchWriterDeps["consumer"];
  /** True if an outage lasted while the next batch was already read. Others may have taken over its messages. */
  #hadOutage = false;

  constructor({ storeWriter, consumer, observe }: BatchWriterDeps) {
    this.#storeWriter = storeWriter;
    this.#consumer = consumer;
    this.#observe = observe;
  }

  async *write(batch: readonly Consumed[], signal: AbortSignal): Outcomes {
    const held = this.#hadOutage ? await this.#consumer.held(batch) : batch;
    this.#hadOutage = false;
    const changes = held.filter(({ entry }) => isChange(entry));
    if (changes.length > 0) yield changes.map((change) => this.#failed(change, NO_CHANGES));
    for (const group of groupsOf(held.filter(isMessage))) {
      const items = group.map((consumed) => ({ consumed, message: consumed.entry }));
      if ((yield* this.#writeGroup(items, signal)) === "stopped") return "stopped";
    }
    return "done";
  }

  /**
   * Inserts as many of the items together as the store manages. After an outage only those are repeated that aren't
   * stored and that no other persister has taken over.
   */
  async *#writeGroup(items: readonly Item[], signal: AbortSignal): Outcomes {
    // The number of items, from the first one, that a failed attempt may have stored.
    let doubtful = 0;
    for (let left = items; left.length > 0; ) {
      const part = left.slice(0, this.#storeWriter.batchLimit);
      const messages = part.map((item) => item.message);
      const written = await this.#storeWriter.insert(
        messages,
        { mayBeStored: doubtful > 0, keepAliases: this.#consumer.acknowledged },
        signal,
      );
      if (written.kind === "stopped") return "stopped";
      if (written.kind === "unavailable") {
        doubtful = Math.max(doubtful, part.length);
        this.#hadOutage = true;
        left = await this.#heldItems(left);
        continue;
      }
      doubtful = Math.max(0, doubtful - part.length);
      left = left.slice(part.length);
      if ((yield* this.#handleWritten(part, written, signal)) === "stopped") return "stopped";
    }
    return "done";
  }

  async #heldItems(items: readonly Item[]): Promise<readonly Item[]> {
    const held = new Set(await this.#consumer.held(items.map((item) => item.consumed)));
    return items.filter((item) => held.has(item.consumed));
  }

  /** Handles the store's answer to a part of a group. A refused part is inserted one by one. */
  async *#handleWritten(
    items: readonly Item[],
    written: Exclude<InsertResult, { kind: "stopped" | "unavailable" }>,
    signal: AbortSignal,
  ): Outcomes {
    if (written.kind === "answered") return yield* this.#handleInserted(items, written.inserted, signal);
    const [first, ...others] = items;
    if (first && others.length === 0) yield [this.#failed(first.consumed, written.reason)];
    else
      for (const item of items) if ((yield* this.#writeGroup([item], signal)) === "stopped") return "stopped";
    return "done";
  }

  /** Yields the store's outcomes. Then inserts the acknowledged messages whose ref is taken, without the ref. */
  async *#handleInserted(
    items: readonly Item[],
    inserted: readonly InsertOutcome[],
    signal: AbortSignal,
  ): Outcomes {
    const settled: Settled[] = [];
    const withoutRefs: Item[] = [];
    items.forEach((item, at) => {
      const answer = inserted[at] ?? { kind: "failed", reason: "the store gave no answer" };
      if (answer.kind === "refReused" && this.#mustStore(item))
        withoutRefs.push(this.#withoutRef(item, answer.id));
      else settled.push(this.#settled(item, answer));
    });
    if (settled.length > 0) yield settled;
    return withoutRefs.length > 0 ? yield* this.#writeGroup(withoutRefs, signal) : "done";
  }

  /** True if the message must be stored although its ref is taken: its sender has the ack already (L13). */
  #mustStore(item: Item): boolean {
    return this.#consumer.acknowledged && item.message.ref !== undefined;
  }

  #withoutRef({ consumed }: Item, heldBy: string): Item {
    const { ref: _, ...message } = consumed.entry;
    this.#observe({ type: "ref-dropped", id: message.id, heldBy });
    return { consumed, message };
  }

  #settled(item: Item, answer: InsertOutcome): Settled {
    const { entry } = item.consumed;
    if (answer.kind === "failed") return this.#failed(item.consumed, answer.reason);
    if (answer.kind === "duplicateOf") this.#observe({ type: "duplicate", id: entry.id, of: answer.id });
    return { entry, outcome: outcomeOf(answer) };
  }

  #failed({ entry, deliveries }: Consumed, reason: string): Settled {
    this.#observe({ type: "failed", id: positionOf(entry), deliveries, reason });
    return { entry, outcome: { kind: "failed", reason } };
  }
}

function isMessage(consumed: Consumed): consumed is ConsumedMessage {
  return !isChange(consumed.entry);
}

function outcomeOf(answer: InsertOutcome): Outcome {
  return answer.kind === "refReused" ? { kind: "refReused" } : answer;
}

/** Splits a batch into groups to insert, in log order. A message that keeps failing is a group of one. */
function groupsOf(batch: readonly ConsumedMessage[]): readonly (readonly ConsumedMessage[])[] {
  const groups: ConsumedMessage[][] = [];
  let current: ConsumedMessage[] | undefined;
  for (const consumed of batch) {
    if (consumed.deliveries > MAX_DELIVERIES_IN_GROUP) {
      groups.push([consumed]);
      current = undefined;
    } else if (current) current.push(consumed);
    else {
      current = [consumed];
      groups.push(current);
    }
  }
  return groups;
}
