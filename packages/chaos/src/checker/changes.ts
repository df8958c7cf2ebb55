import type { Change } from "../workload/ledger.ts";
import { type Acked, ackedOf, type ChangeEvidence, type StoredMessage } from "./change-evidence.ts";
import { checkObserver } from "./change-observer.ts";
import type { Findings } from "./findings.ts";

/** Answers that a change may get in place of an ack: its message is deleted, or no process answered in time. */
const EXPECTED_FAILURES = new Set(["message_deleted", "unanswered"]);

/**
 * Every acknowledged change must be stored once, and its message must have it unless a later one counts (P76). Every client
 * must have seen each change of its messages, once, in log order, and show what history shows.
 */
export function checkChanges(evidence: ChangeEvidence, found: Findings): void {
  const { changes, changeObservations, history, database } = evidence;
  checkOutcomes(evidence, found);
  checkStored(evidence, found);
  // History may show what its tail still has, and MongoDB is what stays. Another check compares the two.
  const stored = new Map(database.map((message) => [message.id, message]));
  for (const [id, all] of Map.groupBy(changes, (change) => change.id)) {
    const message = stored.get(id);
    // The other checks report a message that is missing.
    if (message) checkMessage(message, all, evidence, found);
  }
  const shown = new Map(history.map((message) => [message.id, message]));
  for (const observed of changeObservations) checkObserver(observed, shown, evidence, found);
}

/** Tells if a change may have an effect: it was acknowledged, or its user can't know. */
function mayCount({ outcome }: Change): boolean {
  return outcome.kind === "acked" || (outcome.kind === "failed" && outcome.mayBeThere);
}

function checkOutcomes({ changes, destroyed }: ChangeEvidence, found: Findings): void {
  for (const { kind, ref, id, outcome } of changes) {
    if (outcome.kind === "pending") found.add("strange", `the ${kind} "${ref}" of ${id} was never answered`);
    // A message that was destroyed with the log can't be changed (F7).
    if (outcome.kind === "failed" && !EXPECTED_FAILURES.has(outcome.code) && destroyed === undefined)
      found.add("strange", `the ${kind} "${ref}" of ${id} was refused with ${outcome.code}`);
  }
}

/** MongoDB must have each acknowledged change under its id, and no change twice or without a request. */
function checkStored(evidence: ChangeEvidence, found: Findings): void {
  const { changes, storedChanges, destroyed } = evidence;
  const byRef = Map.groupBy(storedChanges, ({ ref }) => ref);
  const made = new Map(changes.map((change) => [change.ref, change]));
  for (const [ref, all] of byRef) {
    const change = made.get(ref ?? "");
    // A destroyed log has forgotten its refs.
    if (all.length > 1 && destroyed === undefined)
      found.add("duplicated", `MongoDB has the change "${ref}" ${all.length} times`);
    if (!change) found.add("strange", `MongoDB has the change "${ref}", which nobody made`);
    else if (!mayCount(change)) found.add("strange", `MongoDB has the change "${ref}", which was refused`);
  }
  for (const { kind, ref, change, send } of ackedOf(changes, evidence)) {
    if (!byRef.get(ref)?.some((stored) => stored._id === change))
      found.add("lost", `MongoDB lacks the ${kind} ${change} of "${send.content}", which was acknowledged`);
  }
}

/** A stored message must be as the acknowledged change that counts says (P76), or as one that may have gone through says. */
function checkMessage(
  message: StoredMessage,
  all: readonly Change[],
  evidence: ChangeEvidence,
  found: Findings,
): void {
  const acked = ackedOf(all, evidence).toSorted((a, b) => (a.change < b.change ? -1 : 1));
  const counts = acked.find(({ kind }) => kind === "delete") ?? acked.at(-1);
  const unknown = all.filter((each) => mayCount(each) && !acked.some(({ ref }) => ref === each.ref));
  const { id, content } = message;
  if (counts && lacks(message, counts))
    found.add(
      "lost",
      `the ${counts.kind} ${counts.change} of ${id} was acknowledged; MongoDB has "${content}"`,
    );
  else if (!isFirst(message, all) && !isOf(message, counts) && !unknown.some((each) => isOf(message, each)))
    found.add("strange", `MongoDB has ${id} as "${content}", as none of its changes says`);
}

/** True if a message should have a change, and has only what was before. */
function lacks({ change = "", deleted }: StoredMessage, counts: Acked): boolean {
  return !deleted && (counts.kind === "delete" || change < counts.change);
}

function isFirst({ change, content }: StoredMessage, all: readonly Change[]): boolean {
  return change === undefined && content === all[0]?.send.content;
}

/** Tells if a message is as a change says. The own id of a change of unknown outcome isn't known. */
function isOf(message: StoredMessage, change: Pick<Acked, "kind" | "content"> | Acked | undefined): boolean {
  if (!change || ("change" in change && message.change !== change.change)) return false;
  const isDeletion = change.kind === "delete";
  return (
    message.change !== undefined &&
    message.content === change.content &&
    (message.deleted ?? false) === isDeletion
  );
}
