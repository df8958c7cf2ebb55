import type { Consumed, Consumer } from "@parley/bus";
import { isChange } from "@parley/models";
import type { Observe } from "../events.ts";
import { type ChangeItem, ChangeWriter } from "./change-writer.ts";
import { GroupWriter } from "./group-writer.ts";
import { type MessageItem, MessageWriter } from "./message-writer.ts";
import type { Outcomes } from "./outcomes.ts";
import type { StoreWriter } from "./store-writer.ts";

export interface BatchWriterDeps {
  readonly storeWriter: StoreWriter;
  readonly consumer: Pick<Consumer, "acknowledged" | "held" | "watermark">;
  readonly observe: Observe;
}

/** A message that was delivered more often than this is inserted alone from the start (L10). */
const MAX_DELIVERIES_IN_GROUP = 3;

/**
 * Stores a batch and yields the outcome of each entry (L13, L28). Outcomes are yielded as soon as they are known, so that
 * stored entries don't wait for one that can't be stored. Of all outcomes, only `failed` makes the log deliver an entry
 * again.
 *
 * The batch's messages are inserted first, and then its changes are applied. A change needs its message, which may be in
 * the same batch, and a message never needs a change: what is first kept of it decides its outcome (L29). The order of
 * changes doesn't matter (P76).
 *
 * If a process dies between the store's answer and settling, the log delivers the entries again. Nothing is lost or stored
 * twice, because inserts and changes may be repeated (F1, F2). If `signal` is aborted during an outage of the store, the
 * remaining entries get no outcome and are delivered again.
 */
export class BatchWriter {
  readonly #groupWriter: GroupWriter;
  readonly #messageWriter: MessageWriter;
  readonly #changeWriter: ChangeWriter;

  constructor({ storeWriter, consumer, observe }: BatchWriterDeps) {
    this.#groupWriter = new GroupWriter({ storeWriter, consumer });
    this.#messageWriter = new MessageWriter({ storeWriter, consumer, observe });
    this.#changeWriter = new ChangeWriter({ storeWriter, consumer, observe });
  }

  async *write(batch: readonly Consumed[], signal: AbortSignal): Outcomes {
    const held = await this.#groupWriter.heldOf(batch);
    for (const group of groupsOf(messagesOf(held)))
      if ((yield* this.#groupWriter.write(this.#messageWriter, group, signal)) === "stopped")
        return "stopped";
    return yield* this.#groupWriter.write(this.#changeWriter, changesOf(held), signal);
  }
}

function messagesOf(batch: readonly Consumed[]): MessageItem[] {
  return batch.flatMap((consumed) => {
    const { entry } = consumed;
    return isChange(entry) ? [] : [{ consumed, message: entry }];
  });
}

/** Changes are one group however often they were delivered: most of those that come again wait for their message. */
function changesOf(batch: readonly Consumed[]): ChangeItem[] {
  return batch.flatMap((consumed) => {
    const { entry } = consumed;
    return isChange(entry) ? [{ consumed, change: entry }] : [];
  });
}

/** Splits messages into groups to insert, in log order. A message that keeps failing is a group of one. */
function groupsOf(items: readonly MessageItem[]): readonly (readonly MessageItem[])[] {
  const groups: MessageItem[][] = [];
  let current: MessageItem[] | undefined;
  for (const item of items) {
    if (item.consumed.deliveries > MAX_DELIVERIES_IN_GROUP) {
      groups.push([item]);
      current = undefined;
    } else if (current) current.push(item);
    else {
      current = [item];
      groups.push(current);
    }
  }
  return groups;
}
