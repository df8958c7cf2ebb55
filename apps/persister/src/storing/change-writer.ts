import type { Consumer, Settled } from "@parley/bus";
import { type LogChange, ORIGIN } from "@parley/models";
import type { ChangeOutcome } from "@parley/store";
import type { Observe } from "../events.ts";
import { tryLogStep } from "../log-step.ts";
import type { Again, Item, Refused, Write } from "./group-writer.ts";
import { failedOutcome } from "./outcomes.ts";
import type { StoreWriter, WriteResult } from "./store-writer.ts";

export interface ChangeWriterDeps {
  readonly storeWriter: Pick<StoreWriter, "change">;
  readonly consumer: Pick<Consumer, "watermark">;
  readonly observe: Observe;
}

/** A change, as the log delivered it and as it is stored. */
export interface ChangeItem extends Item {
  readonly change: LogChange;
}

/**
 * Stores edits and deletions (L28).
 *
 * The watermark is read before each attempt: then the store, which looks for messages later, has everything up to it. If
 * the watermark can't be read, no change is taken for an orphan. A change whose message isn't stored yet is given back to
 * the log. It never waits here, because the watermark would wait with it.
 */
export class ChangeWriter implements Write<ChangeItem, ChangeOutcome> {
  readonly #deps: ChangeWriterDeps;

  constructor(deps: ChangeWriterDeps) {
    this.#deps = deps;
  }

  /** Repeats need no care: the store finds what an earlier attempt has stored. */
  async attempt(
    items: readonly ChangeItem[],
    _mayBeStored: boolean,
    signal: AbortSignal,
  ): Promise<WriteResult<ChangeOutcome>> {
    const { storeWriter, consumer, observe } = this.#deps;
    const watermark = (await tryLogStep(observe, "watermark", () => consumer.watermark())) ?? ORIGIN;
    const changes = items.map(({ change }) => change);
    return storeWriter.change(changes, { watermark }, signal);
  }

  /**
   * Changes that came too early are applied again once an orphan of the batch is settled: it may have held back the
   * watermark. Otherwise a row of orphans would be settled one by one, with a wait before each.
   */
  settle(
    item: ChangeItem,
    answer: ChangeOutcome | Refused,
    all: readonly (ChangeOutcome | Refused)[],
  ): Settled | Again<ChangeItem> {
    const { observe } = this.#deps;
    const { consumed, change } = item;
    const { entry, deliveries } = consumed;
    const named = { id: change.change, message: change.id };
    switch (answer.kind) {
      case "stored":
        return { entry, outcome: { kind: "stored" } };
      case "orphan":
        observe({ type: "orphan", ...named, reason: answer.reason });
        return { entry, outcome: { kind: "orphan" } };
      case "notYet":
        if (all.some(({ kind }) => kind === "orphan")) return { again: item };
        observe({ type: "change-early", ...named, deliveries });
        return { entry, outcome: { kind: "failed", reason: "its message isn't stored yet" } };
      case "failed":
        return failedOutcome(observe, consumed, answer.reason);
    }
  }
}
