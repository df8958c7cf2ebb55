import type { Consumer, Outcome, Settled } from "@parley/bus";
import type { LogMessage } from "@parley/models";
import type { InsertOutcome } from "@parley/store";
import type { Observe } from "../events.ts";
import type { Again, Item, Refused, Write } from "./group-writer.ts";
import { failedOutcome } from "./outcomes.ts";
import type { StoreWriter, WriteResult } from "./store-writer.ts";

export interface MessageWriterDeps {
  readonly storeWriter: Pick<StoreWriter, "insert">;
  readonly consumer: Pick<Consumer, "acknowledged">;
  readonly observe: Observe;
}

/** `message` is inserted: the delivered one, or the same without its ref (L13). */
export interface MessageItem extends Item {
  readonly message: LogMessage;
}

/**
 * Inserts messages (L13). A message that was acknowledged, and turns out to be a duplicate of an older one, leaves its id as
 * an alias of the older one in the store, before it is settled (L37).
 */
export class MessageWriter implements Write<MessageItem, InsertOutcome> {
  readonly #deps: MessageWriterDeps;

  constructor(deps: MessageWriterDeps) {
    this.#deps = deps;
  }

  attempt(
    items: readonly MessageItem[],
    mayBeStored: boolean,
    signal: AbortSignal,
  ): Promise<WriteResult<InsertOutcome>> {
    const { storeWriter, consumer } = this.#deps;
    const messages = items.map(({ message }) => message);
    return storeWriter.insert(messages, { mayBeStored, keepAliases: consumer.acknowledged }, signal);
  }

  /** An acknowledged message whose ref is taken is inserted again, without the ref. */
  settle(item: MessageItem, answer: InsertOutcome | Refused): Settled | Again<MessageItem> {
    const { observe } = this.#deps;
    const { consumed, message } = item;
    if (answer.kind === "failed") return failedOutcome(observe, consumed, answer.reason);
    if (answer.kind === "refReused" && this.#mustStore(item))
      return { again: this.#withoutRef(item, answer.id) };
    if (answer.kind === "duplicateOf") observe({ type: "duplicate", id: message.id, of: answer.id });
    return { entry: consumed.entry, outcome: outcomeOf(answer) };
  }

  /** True if the message must be stored although its ref is taken: its sender has the ack already (L13). */
  #mustStore(item: MessageItem): boolean {
    return this.#deps.consumer.acknowledged && item.message.ref !== undefined;
  }

  #withoutRef({ consumed, message: { ref: _, ...message } }: MessageItem, heldBy: string): MessageItem {
    this.#deps.observe({ type: "ref-dropped", id: message.id, heldBy });
    return { consumed, message };
  }
}

function outcomeOf(answer: InsertOutcome): Outcome {
  return answer.kind === "refReused" ? { kind: "refReused" } : answer;
}
