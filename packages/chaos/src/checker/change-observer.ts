import type { Message } from "@parley/client";
import type { ChangeObservation } from "../workload/ledger.ts";
import { ackedOf, type ChangeEvidence } from "./change-evidence.ts";
import type { Findings } from "./findings.ts";

/**
 * A client must have seen each change of its messages once and in log order (P74, P75), and show what history shows.
 * `history` has the messages by their ids.
 */
export function checkObserver(
  observed: ChangeObservation,
  history: ReadonlyMap<string, Message>,
  evidence: ChangeEvidence,
  found: Findings,
): void {
  checkOrder(observed, found);
  checkSeenChanges(observed, evidence, found);
  for (const [id, { content, change }] of observed.shown) {
    const message = history.get(id);
    if (message && (message.content !== content || (message.change ?? "") !== change))
      found.add(
        "unseen",
        `${observed.observation.client} shows ${id} as of ${change || "its first"}, history as of ${message.change}`,
      );
  }
}

function checkOrder({ observation: { client }, positions }: ChangeObservation, found: Findings): void {
  let last = "";
  for (const at of positions) {
    if (at === last) found.add("duplicated", `${client} saw ${at} twice`);
    else if (at < last) found.add("outOfOrder", `${client} saw ${at} after ${last}`);
    last = at;
  }
}

function checkSeenChanges(
  { observation: { client, user, since }, changes }: ChangeObservation,
  evidence: ChangeEvidence,
  found: Findings,
): void {
  const seen = new Set(changes);
  for (const { kind, change, send } of ackedOf(evidence.changes, evidence)) {
    const isMeantFor = send.to === "" || send.to === user || send.from === user;
    if (isMeantFor && change > since && !seen.has(change))
      found.add("unseen", `${client} did not see the ${kind} ${change} of "${send.content}"`);
  }
  const stored = new Set(evidence.storedChanges.map(({ _id }) => _id));
  for (const change of changes) {
    // The change may have been destroyed with the log after the client saw it (F7).
    if (!stored.has(change) && evidence.destroyed === undefined)
      found.add("strange", `${client} saw the change ${change}, which isn't stored`);
  }
}
