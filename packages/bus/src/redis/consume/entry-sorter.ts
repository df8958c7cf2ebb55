import type { Consumed } from "../../consumer.ts";
import type { Observe } from "../../events.ts";
import { reasonOf } from "../errors.ts";
import { decodeEntry } from "../format/entry.ts";
import type { RedisDeadLetters, Undecodable } from "./dead-letters.ts";
import type { Taken } from "./group-reader.ts";
import type { Holding } from "./in-flight.ts";

/** What is not settled for so long may be taken over, though its consumer lives, and is given out again. */
export const HOLD_AT_MOST_MS = 60_000;
const MAX_REPORTED = 10_000;

/** Gives out what is a message; what is none goes to the dead letters, what is of a newer format stays (L10). */
export class Triage {
  readonly #holding: Holding;
  readonly #deadLetters: RedisDeadLetters;
  readonly #observe: Observe;
  /** Newer entries that were told of. */
  readonly #reported = new Set<string>();

  constructor(holding: Holding, deadLetters: RedisDeadLetters, observe: Observe) {
    this.#holding = holding;
    this.#deadLetters = deadLetters;
    this.#observe = observe;
  }

  /** Never rejects: what cannot be moved to the dead letters now stays pending, and comes again. */
  async sort({ entries, deliveries, gone }: Taken): Promise<Consumed[]> {
    const consumed: Consumed[] = [];
    const undecodable: Undecodable[] = [];
    const now = performance.now();
    entries.forEach(([position, fields], index) => {
      const entry = decodeEntry(position, fields);
      if (entry.kind === "undecodable") undecodable.push({ position, reason: entry.reason });
      else if (entry.kind === "newer") this.#report(position, entry.version);
      else if (!this.#holding.isOut(entry.message.id, now - HOLD_AT_MOST_MS)) {
        const given = { message: entry.message, deliveries: deliveries[index] ?? 1 };
        this.#holding.give(given.message.id, given.deliveries, now);
        consumed.push(given);
      }
    });
    if (gone.length > 0)
      this.#warn(`${gone.length} entries were deleted from the log before they were stored`);
    const stayed = await this.#deadLetters.bury(undecodable).catch(reasonOf);
    if (stayed !== undefined) this.#warn(`undecodable entries stay in the log: ${stayed}`);
    return consumed;
  }

  #report(position: string, version: string): void {
    if (this.#reported.has(position)) return;
    if (this.#reported.size >= MAX_REPORTED) this.#reported.clear();
    this.#reported.add(position);
    this.#observe({ type: "newer-format", position, version });
  }

  #warn(text: string): void {
    this.#observe({ type: "warning", text });
  }
}
