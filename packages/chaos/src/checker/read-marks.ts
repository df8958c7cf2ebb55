import { laterOf } from "@parley/models";
import type { Ledger, Send } from "../workload/ledger.ts";

/** The part of an answer of `/conversations` about one conversation (P71). `with` is "" for the public room. */
export interface ReadState {
  readonly with: string;
  readonly read?: string;
  readonly readBy?: string;
  readonly unread?: number;
}

/** A mark as a connection hears it (P70). `with` is the other user, or "" for the public room. */
export interface HeardMark {
  readonly by: string;
  readonly with: string;
  readonly id: string;
}

/** Everything that was certain when a request began. Its answer must have at least this. */
interface Certain {
  /** Ids of acknowledged messages. */
  readonly acked: ReadonlySet<string>;
  /** Ids of messages whose deletion was acknowledged. */
  readonly deleted: ReadonlySet<string>;
  readonly told: GreatestMarks;
  readonly stored: GreatestMarks;
}

/** Unread messages are looked for in this many messages after the mark (P71). */
const WINDOW = 100;

/** The greatest id of each mark, by the user who has read and the other user of the conversation. */
export class GreatestMarks {
  readonly #ids: Map<string, string>;

  constructor(ids: Iterable<readonly [string, string]> = []) {
    this.#ids = new Map(ids);
  }

  of(by: string, other: string): string {
    return this.#ids.get(`${by}:${other}`) ?? "";
  }

  raise(by: string, other: string, id: string): void {
    if (id > this.of(by, other)) this.#ids.set(`${by}:${other}`, id);
  }

  copy(): GreatestMarks {
    return new GreatestMarks(this.#ids);
  }
}

/**
 * Knows all messages and marks of a run, and judges by them what users are told (P70, P71). The ledger has the messages.
 *
 * A mark that somebody was told stays, so every later request has it. A mark that the other user was told is stored, so it
 * stays for the other user too. A message counts as a mark of its sender, for both users. Nobody is told more than was
 * marked or sent. The number of unread messages is between those that certainly count and those that may count: without
 * requests under way the two are the same.
 */
export class ReadMarkModel {
  heard = 0;
  answers = 0;
  readonly #ledger: Ledger;
  readonly #problems = new Map<string, number>();
  readonly #sent = new GreatestMarks();
  readonly #told = new GreatestMarks();
  readonly #stored = new GreatestMarks();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** The first violation of each kind, with the number of them. */
  get problems(): string[] {
    const firsts = new Map<string, { text: string; count: number }>();
    for (const [text, count] of this.#problems) {
      const [kind = ""] = text.split(":", 1);
      const first = firsts.get(kind);
      if (first) first.count += count;
      else firsts.set(kind, { text, count });
    }
    return [...firsts.values()].map(({ text, count }) => `${text} (${count} times)`);
  }

  /** Returns the greatest id that a user has sent as a mark. */
  sentBy(user: string, other: string): string {
    return this.#sent.of(user, other);
  }

  /** Call this before a user sends a mark. */
  noteSent(user: string, other: string, id: string): void {
    this.#sent.raise(user, other, id);
  }

  /** Call this when a connection of `hearer` has heard a mark. */
  noteHeard(hearer: string, { by, with: other, id }: HeardMark): void {
    this.heard += 1;
    if (id > this.#sent.of(by, other))
      this.#add(
        "P70 heard",
        `${hearer} heard ${id} as the mark of ${by} with ${other}, which was never sent`,
      );
    this.#told.raise(by, other, id);
    if (by !== hearer) this.#stored.raise(by, other, id);
  }

  /** Call this when a user requests `/conversations`. Returns a function that takes the answer. */
  request(user: string): (states: readonly ReadState[]) => void {
    const { acked, changes } = this.#ledger;
    const deletions = changes.filter(({ kind, outcome }) => kind === "delete" && outcome.kind === "acked");
    const certain = {
      acked: new Set(acked.map(idOf)),
      deleted: new Set(deletions.map(({ id }) => id)),
      told: this.#told.copy(),
      stored: this.#stored.copy(),
    };
    const peers = new Set(acked.flatMap(({ from, to }) => peerOf(user, from, to)));
    return (states) => {
      this.answers += 1;
      for (const peer of peers)
        if (!states.some((state) => state.with === peer))
          this.#add("P57 list", `${user}'s list lacked the conversation with ${peer}`);
      for (const state of states) this.#judge(user, state, certain);
    };
  }

  /** Compares an answer with all that was sent, after all of it was stored. Returns a line for each difference. */
  differences(user: string, states: readonly ReadState[]): string[] {
    return states.flatMap(({ with: other, read = "", readBy = "" }) => {
      const own = this.#messages(user, other).filter(({ from }) => from === user);
      const expected = greatest([this.#sent.of(user, other), ...own.map(idOf)]);
      const theirs = this.#messages(user, other).filter(({ from }) => from === other);
      const expectedBy = other === "" ? "" : greatest([this.#sent.of(other, user), ...theirs.map(idOf)]);
      return [
        ...(read === expected ? [] : [`${user} has read up to ${read} with ${other}, and not ${expected}`]),
        ...(readBy === expectedBy
          ? []
          : [`${user} is told that ${other} has read up to ${readBy}, and not ${expectedBy}`]),
      ];
    });
  }

  #judge(user: string, state: ReadState, certain: Certain): void {
    const { with: other, read = "", readBy = "" } = state;
    const messages = this.#messages(user, other);
    const sentBy = (by: string) =>
      messages
        .filter(({ from }) => from === by)
        .map(idOf)
        .filter((id) => certain.acked.has(id));
    const least = greatest([certain.told.of(user, other), ...sentBy(user)]);
    if (read < least)
      this.#add("P71 read", `${user}'s mark with ${other} went back from ${least} to ${read || "nothing"}`);
    const leastBy = other === "" ? "" : greatest([certain.stored.of(other, user), ...sentBy(other)]);
    if (readBy < leastBy)
      this.#add(
        "P71 readBy",
        `${user} was told that ${other} has read up to ${readBy || "nothing"}, and not ${leastBy}`,
      );
    for (const [by, of, id] of [
      [user, other, read],
      [other, user, readBy],
    ] as const)
      if (id > this.#most(by, of, messages))
        this.#add("P71 invented", `${user} was told that ${by} has read up to ${id}, which ${by} hasn't`);
    this.#judgeUnread(user, state, messages, certain);
    this.#told.raise(user, other, read);
    this.#stored.raise(other, user, readBy);
  }

  #judgeUnread(
    user: string,
    { with: other, read = "", unread = -1 }: ReadState,
    messages: readonly Send[],
    { acked, deleted }: Certain,
  ): void {
    // Without a mark, public messages of an earlier run in the same cluster count too.
    if (other === "" && read === "") return;
    const mayBeDeleted = new Set(
      this.#ledger.changes.filter(({ kind }) => kind === "delete").map(({ id }) => id),
    );
    const after = messages.filter((send) => isOpen(send) || idOf(send) > read);
    const mayCount = after.filter((send) => send.from !== user && !deleted.has(idOf(send)));
    const count = mayCount.map(idOf).filter((id) => acked.has(id) && !mayBeDeleted.has(id)).length;
    const isWindowFull = after.length > WINDOW;
    const [least, most] = isWindowFull ? [0, WINDOW] : [count, mayCount.length];
    if (unread < least || unread > most)
      this.#add(
        "P71 unread",
        `${user} has ${unread} unread messages with ${other} after ${read}, and not ${least} to ${most}`,
      );
  }

  /** The greatest position up to which a user may have read: a mark or a message. Infinite while one has no answer. */
  #most(by: string, other: string, messages: readonly Send[]): string {
    const own = messages.filter(({ from }) => from === by);
    return own.some(isOpen) ? "~" : greatest([this.#sent.of(by, other), ...own.map(idOf)]);
  }

  #messages(user: string, other: string): readonly Send[] {
    return this.#ledger.sends.filter(({ from, to }) => {
      if (other === "") return to === "";
      return (from === user && to === other) || (from === other && to === user);
    });
  }

  #add(kind: string, text: string): void {
    const line = `${kind}: ${text}`;
    this.#problems.set(line, (this.#problems.get(line) ?? 0) + 1);
  }
}

/** Returns the other user of a private message of `user`, if it is one. */
function peerOf(user: string, from: string, to: string): string[] {
  if (to === "" || (from !== user && to !== user)) return [];
  return [from === user ? to : from];
}

/** True if the message may exist, with an id that isn't known. */
function isOpen({ outcome }: Send): boolean {
  return outcome.kind === "pending" || (outcome.kind === "failed" && outcome.mayBeThere);
}

/** Returns "" for a message without an ack. */
function idOf({ outcome }: Send): string {
  return outcome.kind === "acked" ? outcome.id : "";
}

function greatest(ids: readonly string[]): string {
  return ids.reduce((most, id) => laterOf(most, id), "");
}
