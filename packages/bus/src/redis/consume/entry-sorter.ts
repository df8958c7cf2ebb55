import { positionOf } from "@parley/models";
import type { Consumed } from "../../consumer.ts";
import type { Observe } from "../../events.ts";
import type { UnknownEntry } from "../../log-tail.ts";
import { reasonOf } from "../errors.ts";
import { decodeEntry } from "../format/entry.ts";
import type { RedisDeadLetters, Undecodable } from "./dead-letters.ts";
import type { GroupBatch } from "./group-reader.ts";
import { type InFlight, MAX_HOLD_MS } from "./in-flight.ts";

/** The maximum number of newer-format entries whose report is remembered, so that each is reported only once. */
const MAX_REPORTED = 10_000;

/**
 * Sorts entries into three kinds (L10). Messages and changes are delivered, undecodable entries move to the dead letters,
 * and entries of a newer format stay pending for a consumer that knows the format.
 */
export class EntrySorter {
  readonly #inFlight: InFlight;
  readonly #deadLetters: RedisDeadLetters;
  readonly #observe: Observe;
  /** Positions of newer-format entries that were reported already. */
  readonly #reported = new Set<string>();

  constructor(inFlight: InFlight, deadLetters: RedisDeadLetters, observe: Observe) {
    this.#inFlight = inFlight;
    this.#deadLetters = deadLetters;
    this.#observe = observe;
  }

  /** Returns the messages and changes. Never rejects: entries that can't be moved now stay pending and are delivered again. */
  async sort({ entries, deliveries, gone }: GroupBatch): Promise<Consumed[]> {
    const known: Consumed[] = [];
    const undecodable: Undecodable[] = [];
    const now = performance.now();
    entries.forEach(([position, fields], index) => {
      const decoded = decodeEntry(position, fields);
      if (decoded.kind === "undecodable") undecodable.push({ position, reason: decoded.reason });
      else if (decoded.kind === "newer") this.#reportNewer(decoded.entry);
      else if (!this.#inFlight.has(positionOf(decoded.entry), now - MAX_HOLD_MS)) {
        const consumed = { entry: decoded.entry, deliveries: deliveries[index] ?? 1 };
        this.#inFlight.add(positionOf(consumed.entry), consumed.deliveries, now);
        known.push(consumed);
      }
    });
    if (gone.length > 0)
      this.#warn(`${gone.length} entries were deleted from the log before they were stored`);
    const problem = await this.#deadLetters.moveFromLog(undecodable).catch(reasonOf);
    if (problem !== undefined) this.#warn(`undecodable entries stay in the log: ${problem}`);
    return known;
  }

  #reportNewer(entry: UnknownEntry): void {
    const { position } = entry;
    if (this.#reported.has(position)) return;
    if (this.#reported.size >= MAX_REPORTED) this.#reported.clear();
    this.#reported.add(position);
    this.#observe({ type: "newer-format", ...entry });
  }

  #warn(text: string): void {
    this.#observe({ type: "warning", text });
  }
}
