import type { Message } from "@parley/client";
import type { StoredChange } from "../cluster/log-inspection.ts";
import type { Change, ChangeObservation } from "../workload/ledger.ts";

/** Everything that is known of the changes of a run. */
export interface ChangeEvidence {
  readonly changes: readonly Change[];
  readonly changeObservations: readonly ChangeObservation[];
  /** Every change in MongoDB. */
  readonly storedChanges: readonly StoredChange[];
  readonly history: readonly Message[];
  /** Every message in MongoDB. */
  readonly database: readonly StoredMessage[];
  /** Ids that were only in the log when it was destroyed on purpose (F7). */
  readonly destroyed?: ReadonlySet<string> | undefined;
}

/** A message as MongoDB has it. */
export type StoredMessage = Omit<Message, "timestamp">;

/** A change that was acknowledged under its own id. */
export interface Acked extends Pick<Change, "kind" | "content" | "ref" | "send"> {
  readonly change: string;
}

/** The changes that must be there: those that were acknowledged and not destroyed with the log. */
export function ackedOf(changes: readonly Change[], { destroyed }: ChangeEvidence): Acked[] {
  return changes.flatMap(({ kind, content, ref, send, outcome }) =>
    outcome.kind === "acked" && !destroyed?.has(outcome.id)
      ? [{ kind, content, ref, send, change: outcome.id }]
      : [],
  );
}
