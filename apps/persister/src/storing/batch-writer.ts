import type { Consumed, Outcome, Settled } from "@parley/bus";
import type { LogMessage } from "@parley/models";
import type { InsertOutcome } from "@parley/store";
import type { Observe } from "../events.ts";
import type { StoreWriter } from "./store-writer.ts";

/** A message that was given out more often than this is tried alone from the start (L10). */
const DELIVERIES_TOGETHER = 3;

/** A message of the log and the form in which it goes to the store: the same, or without its ref (L13). */
interface Item {
  readonly consumed: Consumed;
  readonly message: LogMessage;
}

type Pieces = AsyncGenerator<readonly Settled[], "done" | "stopped">;

/**
 * Brings a batch to the store and says what became of each message, piece by piece, so that a message that is kept
 * is not held up by one that is not. Ends early, with messages unsaid, only when `signal` is aborted while the
 * store is away: those come again.
 *
 * Messages go together; a group that is refused three times goes one by one, since one message must never hold up
 * the rest. Only `failed` brings a message back, and the store is idempotent, so a message is kept whatever dies
 * between its insert and its settling (F1, F2).
 */
export class Keeping {
  readonly #writer: StoreWriter;
  readonly #acknowledged: boolean;
  readonly #observe: Observe;

  constructor(writer: StoreWriter, acknowledged: boolean, observe: Observe) {
    this.#writer = writer;
    this.#acknowledged = acknowledged;
    this.#observe = observe;
  }

  async *keep(batch: readonly Consumed[], signal: AbortSignal): Pieces {
    for (const group of groupsOf(batch)) {
      const items = group.map((consumed) => ({ consumed, message: consumed.message }));
      if ((yield* this.#keepGroup(items, signal)) === "stopped") return "stopped";
    }
    return "done";
  }

  async *#keepGroup(items: readonly Item[], signal: AbortSignal): Pieces {
    const messages = items.map((item) => item.message);
    const written = await this.#writer.insert(messages, signal);
    if (written.kind === "stopped") return "stopped";
    if (written.kind === "answered") return yield* this.#answered(items, written.inserted, signal);
    const [first, ...others] = items;
    if (first && others.length === 0) yield [this.#failed(first, written.reason)];
    else
      for (const item of items) if ((yield* this.#keepGroup([item], signal)) === "stopped") return "stopped";
    return "done";
  }

  async *#answered(items: readonly Item[], inserted: readonly InsertOutcome[], signal: AbortSignal): Pieces {
    const settled: Settled[] = [];
    const again: Item[] = [];
    items.forEach((item, at) => {
      const answer = inserted[at] ?? { kind: "failed", reason: "the store gave no answer" };
      if (answer.kind === "refReused" && this.#mustKeep(item)) again.push(this.#withoutRef(item, answer.id));
      else settled.push(this.#settled(item, answer));
    });
    if (settled.length > 0) yield settled;
    return again.length > 0 ? yield* this.#keepGroup(again, signal) : "done";
  }

  /** L13: a sender that has its ack cannot be told any more, so the message is kept, if without its ref. */
  #mustKeep(item: Item): boolean {
    return this.#acknowledged && item.message.ref !== undefined;
  }

  #withoutRef({ consumed }: Item, heldBy: string): Item {
    const { ref: _, ...message } = consumed.message;
    this.#observe({ type: "ref-dropped", id: message.id, heldBy });
    return { consumed, message };
  }

  #settled(item: Item, answer: InsertOutcome): Settled {
    const { message } = item.consumed;
    if (answer.kind === "failed") return this.#failed(item, answer.reason);
    if (answer.kind === "duplicateOf") this.#observe({ type: "duplicate", id: message.id, of: answer.id });
    return { message, outcome: outcomeOf(answer) };
  }

  #failed({ consumed: { message, deliveries } }: Item, reason: string): Settled {
    this.#observe({ type: "failed", id: message.id, deliveries, reason });
    return { message, outcome: { kind: "failed", reason } };
  }
}

function outcomeOf(answer: InsertOutcome): Outcome {
  return answer.kind === "refReused" ? { kind: "refReused" } : answer;
}

/** In log order: runs of messages that go together, and alone each one that keeps failing. */
function groupsOf(batch: readonly Consumed[]): readonly (readonly Consumed[])[] {
  const groups: Consumed[][] = [];
  let together: Consumed[] | undefined;
  for (const consumed of batch) {
    if (consumed.deliveries > DELIVERIES_TOGETHER) {
      groups.push([consumed]);
      together = undefined;
    } else if (together) together.push(consumed);
    else {
      together = [consumed];
      groups.push(together);
    }
  }
  return groups;
}
