import type { Consumed, Settled } from "@parley/bus";
import { positionOf } from "@parley/models";
import type { Observe } from "../events.ts";

/** Yields outcomes as they become known. Returns `stopped` if it ended before every entry had an outcome. */
export type Outcomes = AsyncGenerator<readonly Settled[], "done" | "stopped">;

/** Reports an entry that can't be stored, and returns its outcome: the log delivers the entry again. */
export function failedOutcome(observe: Observe, { entry, deliveries }: Consumed, reason: string): Settled {
  observe({ type: "failed", id: positionOf(entry), deliveries, reason });
  return { entry, outcome: { kind: "failed", reason } };
}
