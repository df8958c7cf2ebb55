import type { Message } from "@parley/client";
import type { Observation, Send } from "../workload/ledger.ts";

/** All that is known at the end of a run. */
export interface Evidence {
  readonly sends: readonly Send[];
  readonly observations: readonly Observation[];
  /** What history-api answers: every conversation whole. */
  readonly history: readonly Message[];
  /** What MongoDB holds. */
  readonly database: readonly Pick<Message, "id" | "from" | "to" | "content">[];
  /** Ids that were in the log and nowhere else when it was destroyed on purpose (F7). */
  readonly destroyed?: ReadonlySet<string>;
}

/** How many of each; all but the first five and `lostWithLog` must be 0. */
interface Counts {
  readonly sent: number;
  readonly acked: number;
  readonly failed: number;
  readonly stored: number;
  /** Over all clients. */
  readonly seen: number;
  /** Acknowledged and destroyed with the log, on purpose (F7). */
  readonly lostWithLog: number;
  /** Acknowledged and not in history, or in only one of history and MongoDB (G1). */
  readonly lost: number;
  /** A client should have seen it and did not (G3). */
  readonly unseen: number;
  /** Twice in history, or seen twice by one client (G2, G3). */
  readonly duplicated: number;
  /** Seen, acknowledged or listed in another order than the log's (G3, P13). */
  readonly outOfOrder: number;
  /** In history or seen, but never sent so, or refused for good; or history and MongoDB differ in it. */
  readonly strange: number;
}

export interface Verdict {
  readonly counts: Counts;
  /** One line a violation, the first few of each kind; none where every guarantee held. */
  readonly problems: readonly string[];
}

type Kind = "lost" | "unseen" | "duplicated" | "outOfOrder" | "strange";

/** What must hold after every fault: G1, G2, G3, from what the clients were told and saw and what is kept. */
export function check(evidence: Evidence): Verdict {
  const found = new Findings();
  const lostWithLog = checkAcknowledged(evidence, found);
  checkHistory(evidence, found);
  checkDatabase(evidence, found);
  for (const observation of evidence.observations) checkSeen(observation, evidence, found);
  checkSendOrder(evidence, found);
  const { sends, history, observations } = evidence;
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

/** G1: acked ⊆ stored, under the id of the ack. Returns how many were destroyed with the log. */
function checkAcknowledged({ sends, history, destroyed }: Evidence, found: Findings): number {
  const byContent = new Map(history.map((message) => [message.content, message]));
  const gone: string[] = [];
  for (const { from, to, content, outcome } of sends) {
    if (outcome.kind === "pending") found.add("strange", `"${content}" was never answered`);
    if (outcome.kind !== "acked") continue;
    const { id } = outcome;
    const message = byContent.get(content);
    if (message !== undefined) {
      // After the log was destroyed a retry may be appended again, and history keeps the first (L13).
      const sameId = message.id === id || destroyed !== undefined;
      if (!sameId || message.from !== from || message.to !== to)
        found.add("strange", `"${content}" was acknowledged as ${id} and is ${message.id}`);
    } else if (destroyed?.has(id)) gone.push(id);
    else found.add("lost", `${id} "${content}" was acknowledged`);
  }
  return gone.length;
}

/** G2: nothing twice; and nothing that nobody sent, or that its sender was told is not there. */
function checkHistory({ sends, history }: Evidence, found: Findings): void {
  const byContent = new Map(sends.map((send) => [send.content, send]));
  for (const [what, values] of [
    ["id", history.map(({ id }) => id)],
    ["content", history.map(({ content }) => content)],
  ] as const) {
    for (const value of repeated(values)) found.add("duplicated", `history has the ${what} "${value}" twice`);
  }
  for (const { id, content } of history) {
    const outcome = byContent.get(content)?.outcome;
    if (outcome === undefined) found.add("strange", `history has ${id}, which nobody sent`);
    else if (outcome.kind === "failed" && !outcome.mayBeThere)
      found.add("strange", `history has "${content}", which was refused with ${outcome.code}`);
  }
}

/**
 * History answers what MongoDB holds, once all is stored. What only history has it remembers for some seconds from the
 * log, which counts it as stored (L20): then it is gone.
 */
function checkDatabase({ history, database }: Evidence, found: Findings): void {
  const kept = new Map(database.map((message) => [message.id, message]));
  for (const { id, content } of history) {
    const message = kept.get(id);
    if (message === undefined) found.add("lost", `history has ${id}, MongoDB does not`);
    else if (message.content !== content) found.add("strange", `history and MongoDB differ in ${id}`);
  }
  const answered = new Set(history.map(({ id }) => id));
  for (const { id } of database) {
    if (!answered.has(id)) found.add("lost", `MongoDB has ${id}, history does not`);
  }
}

/** G3: exactly what is in history for this user since it connected, each once, in log order. */
function checkSeen(observation: Observation, { history, destroyed }: Evidence, found: Findings): void {
  const { client, user, since, seen } = observation;
  const expected = new Map(
    history.filter((message) => message.id > since && concerns(user, message)).map((each) => [each.id, each]),
  );
  for (const id of repeated(seen.map((message) => message.id)))
    found.add("duplicated", `${client} saw ${id} twice`);
  let last = "";
  for (const { id, from, to, content, timestamp } of seen) {
    if (id < last) found.add("outOfOrder", `${client} saw ${id} after ${last}`);
    last = id;
    const message = expected.get(id);
    // Seen live, and destroyed with the log before it was stored; or appended once more since the log forgot its ref.
    if (message === undefined && destroyed !== undefined) continue;
    if (message === undefined)
      found.add("strange", `${client} saw ${id}, which is not in history for ${user}`);
    else if (
      message.from !== from ||
      message.to !== to ||
      message.content !== content ||
      message.timestamp !== timestamp
    )
      found.add("strange", `${client} saw ${id} unlike history has it`);
  }
  const ids = new Set(seen.map((message) => message.id));
  for (const id of expected.keys()) if (!ids.has(id)) found.add("unseen", `${client} did not see ${id}`);
}

/** P13 and the SDK's own promise: what one client sent to one conversation stands there in the order of the calls. */
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

function repeated(values: readonly string[]): string[] {
  const known = new Set<string>();
  return values.filter((value) => known.size === known.add(value).size);
}

const LINES_OF_A_KIND = 5;

/** Counts all, and keeps the first few of each kind in words. */
class Findings {
  readonly counts: Record<Kind, number> = { lost: 0, unseen: 0, duplicated: 0, outOfOrder: 0, strange: 0 };
  readonly #lines: string[] = [];

  add(kind: Kind, line: string): void {
    this.counts[kind] += 1;
    if (this.counts[kind] <= LINES_OF_A_KIND) this.#lines.push(`${kind}: ${line}`);
  }

  lines(): string[] {
    const more = Object.entries(this.counts).filter(([, count]) => count > LINES_OF_A_KIND);
    return [...this.#lines, ...more.map(([kind, count]) => `${kind}: ${count} in all`)];
  }
}
