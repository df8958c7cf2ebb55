import type { Message } from "@parley/client";
import type { StoredChange } from "../cluster/log-inspection.ts";
import type { Change, ChangeObservation, Observation, Send } from "../workload/ledger.ts";
import type { StoredMessage } from "./change-evidence.ts";
import { checkChanges } from "./changes.ts";
import { Findings } from "./findings.ts";
import { firstContents } from "./first-contents.ts";

/** Everything that is known at the end of a run. */
export interface Evidence {
  readonly sends: readonly Send[];
  readonly observations: readonly Observation[];
  readonly changes?: readonly Change[];
  readonly changeObservations?: readonly ChangeObservation[];
  /** Every conversation, as history-api answers it. */
  readonly history: readonly Message[];
  /** Every message in MongoDB. */
  readonly database: readonly StoredMessage[];
  /** Every change in MongoDB. */
  readonly storedChanges?: readonly StoredChange[];
  /** Ids that were only in the log when it was destroyed on purpose (F7). */
  readonly destroyed?: ReadonlySet<string>;
}

/** The counts of one run. `lost` and all fields after it count violations, also those of changes, and must be 0. */
interface Counts {
  readonly sent: number;
  readonly acked: number;
  readonly failed: number;
  readonly stored: number;
  /** Messages that clients saw, summed over all clients. */
  readonly seen: number;
  /** Acknowledged messages that were destroyed with the log on purpose (F7). */
  readonly lostWithLog: number;
  /** Acknowledged messages that history lacks, and messages that only one of history and MongoDB has (G1). */
  readonly lost: number;
  /** Messages that a client should have seen and didn't see (G3). */
  readonly unseen: number;
  /** Messages that history has twice, or that one client saw twice (G2, G3). */
  readonly duplicated: number;
  /** Messages that were seen or acknowledged in another order than the log's (G3, P13). */
  readonly outOfOrder: number;
  /**
   * Other contradictions, such as a message in history that nobody sent, that was refused for good, or that was
   * changed.
   */
  readonly strange: number;
}

export interface Verdict {
  readonly counts: Counts;
  /** The first few violations of each kind, one line each. Empty when every guarantee held. */
  readonly problems: readonly string[];
}

/**
 * Checks the guarantees that must hold after every fault (G1, G2, G3), from the clients' records and the stored
 * data.
 */
export function check(evidence: Evidence): Verdict {
  const found = new Findings();
  const { changes = [], changeObservations = [], storedChanges = [] } = evidence;
  checkDatabase(evidence, found);
  checkChanges({ ...evidence, changes, changeObservations, storedChanges }, found);
  // All other checks compare messages with what was sent.
  const asSent = firstContents(changes);
  const { sends, observations } = evidence;
  const first = { ...evidence, history: asSent(evidence.history) };
  const { history } = first;
  const lostWithLog = checkAcknowledged(first, found);
  checkHistory(first, found);
  for (const each of observations) checkSeen({ ...each, seen: asSent(each.seen) }, first, found);
  checkSendOrder(evidence, found);
  return {
    counts: {
      sent: sends.length,
      acked: sends.filter(({ outcome }) => outcome.kind === "acked").length,
      failed: sends.filter(({ outcome }) => outcome.kind === "failed").length,
      stored: history.length,
      seen: observations.reduce((sum, { seen }) => sum + seen.length, 0),
      lostWithLog,
      ...found.counts,
    },
    problems: found.lines(),
  };
}

/**
 * Every acknowledged message must be in history under the id of its ack (G1). Returns the number of acknowledged
 * messages that were destroyed with the log (F7).
 */
function checkAcknowledged({ sends, history, destroyed }: Evidence, found: Findings): number {
  const byContent = new Map(history.map((message) => [message.content, message]));
  let lostWithLog = 0;
  for (const { from, to, content, outcome } of sends) {
    if (outcome.kind === "pending") found.add("strange", `"${content}" was never answered`);
    if (outcome.kind !== "acked") continue;
    const { id } = outcome;
    const message = byContent.get(content);
    if (message !== undefined) {
      // A destroyed log has forgotten its refs. A retry then gets a second id, and the store keeps the first message
      // (L13).
      const sameId = message.id === id || destroyed !== undefined;
      if (!sameId || message.from !== from || message.to !== to)
        found.add("strange", `"${content}" was acknowledged as ${id} and is ${message.id}`);
    } else if (destroyed?.has(id)) lostWithLog += 1;
    else found.add("lost", `${id} "${content}" was acknowledged`);
  }
  return lostWithLog;
}

/** History must contain nothing twice (G2), nothing that wasn't sent, and nothing that was refused for good. */
function checkHistory({ sends, history }: Evidence, found: Findings): void {
  const byContent = new Map(sends.map((send) => [send.content, send]));
  for (const [field, values] of [
    ["id", history.map(({ id }) => id)],
    ["content", history.map(({ content }) => content)],
  ] as const) {
    for (const value of duplicatesIn(values))
      found.add("duplicated", `history has the ${field} "${value}" twice`);
  }
  for (const { id, content } of history) {
    const outcome = byContent.get(content)?.outcome;
    if (outcome === undefined) found.add("strange", `history has ${id}, which nobody sent`);
    else if (outcome.kind === "failed" && !outcome.mayBeThere)
      found.add("strange", `history has "${content}", which was refused with ${outcome.code}`);
  }
}

/**
 * Once everything is stored, history and MongoDB must have the same messages. A message that only history has is
 * lost: history-api still remembers it from the log for some seconds, because the log reported it as stored (L20).
 */
function checkDatabase({ history, database }: Evidence, found: Findings): void {
  const stored = new Map(database.map((message) => [message.id, message]));
  for (const { id, content, change } of history) {
    const message = stored.get(id);
    if (message === undefined) found.add("lost", `history has ${id}, MongoDB does not`);
    else if (message.content !== content || message.change !== change)
      found.add("strange", `history and MongoDB differ in ${id}`);
  }
  const answered = new Set(history.map(({ id }) => id));
  for (const { id } of database) {
    if (!answered.has(id)) found.add("lost", `MongoDB has ${id}, history does not`);
  }
}

type SeenMessages = Omit<Observation, "seen"> & { readonly seen: readonly Message[] };

/**
 * A client must see every message for its user since it connected, and up to the end of its record, each exactly once
 * and in log order (G3).
 */
function checkSeen(observation: SeenMessages, { history, destroyed }: Evidence, found: Findings): void {
  const { client, user, since, until, seen } = observation;
  const isExpected = (message: Message): boolean =>
    message.id > since && (until === undefined || message.id <= until) && concerns(user, message);
  const expected = new Map(history.filter(isExpected).map((each) => [each.id, each]));
  for (const id of duplicatesIn(seen.map((message) => message.id)))
    found.add("duplicated", `${client} saw ${id} twice`);
  let last = "";
  for (const { id, from, to, content, timestamp } of seen) {
    if (id < last) found.add("outOfOrder", `${client} saw ${id} after ${last}`);
    last = id;
    const message = expected.get(id);
    // The message was destroyed with the log after the client saw it, or its retry was appended with a second id
    // (F7).
    if (message === undefined && destroyed !== undefined) continue;
    if (message === undefined)
      found.add("strange", `${client} saw ${id}, which is not in history for ${user}`);
    else if (
      message.from !== from ||
      message.to !== to ||
      message.content !== content ||
      message.timestamp !== timestamp
    )
      found.add("strange", `${client} saw ${id} with other fields than history has`);
  }
  const ids = new Set(seen.map((message) => message.id));
  for (const id of expected.keys()) if (!ids.has(id)) found.add("unseen", `${client} did not see ${id}`);
}

/**
 * If one client sends several messages to one conversation, their ids must be in the order of its calls (P13, and a
 * promise of the SDK).
 */
function checkSendOrder({ sends }: Evidence, found: Findings): void {
  const lastOf = new Map<string, string>();
  for (const { client, to, outcome, content } of sends) {
    if (outcome.kind !== "acked") continue;
    const conversation = `${client}\n${to}`;
    const last = lastOf.get(conversation) ?? "";
    if (outcome.id <= last) found.add("outOfOrder", `"${content}" is ${outcome.id}, after ${last}`);
    lastOf.set(conversation, outcome.id);
  }
}

function concerns(user: string, { from, to }: Pick<Message, "from" | "to">): boolean {
  return to === "" || to === user || from === user;
}

function duplicatesIn(values: readonly string[]): string[] {
  const unique = new Set<string>();
  return values.filter((value) => unique.size === unique.add(value).size);
}
