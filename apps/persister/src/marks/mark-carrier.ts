import type { MarkQueue, ReadMark } from "@parley/bus";
import type { Store } from "@parley/store";
import type { Observe } from "../events.ts";

export interface MarkCarrierDeps {
  readonly queue: MarkQueue;
  readonly store: Pick<Store, "marks">;
  readonly observe: Observe;
}

/**
 * Carries read marks from the log's hash to the store (L27).
 *
 * A mark beyond the watermark waits: its messages aren't stored yet, and it may be of a conversation that isn't there yet. A
 * mark is removed only once the store has it, or once the store says that there is no such conversation.
 */
export class MarkCarrier {
  readonly #deps: MarkCarrierDeps;

  constructor(deps: MarkCarrierDeps) {
    this.#deps = deps;
  }

  /** Carries all marks that are there now, part by part, until `signal` is aborted. Rejects if the log or the store fails. */
  async carry(signal: AbortSignal): Promise<void> {
    const { queue } = this.#deps;
    let cursor = "";
    do {
      const part = await queue.list(cursor);
      cursor = part.cursor;
      await this.#carryPart(part.marks, part.watermark);
    } while (cursor !== "" && !signal.aborted);
  }

  async #carryPart(marks: readonly ReadMark[], watermark: string): Promise<void> {
    const { queue, store, observe } = this.#deps;
    const due = marks.filter(({ id }) => id <= watermark);
    if (due.length === 0) return;
    const outcomes = await store.marks.keep(due);
    const stored = due.filter((_, at) => outcomes[at] === "kept");
    const dropped = due.filter((_, at) => outcomes[at] === "noConversation");
    if (stored.length > 0) await queue.stored(stored);
    if (dropped.length > 0) await queue.drop(dropped);
    observe({ type: "marks", stored: stored.length, dropped: dropped.length });
  }
}
