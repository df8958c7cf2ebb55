import {
  applyChange,
  contentDigest,
  conversationOf,
  isChange,
  isSameContent,
  isTargetOf,
  isVisibleTo,
  type LogChange,
  type LogEntry,
  type LogMessage,
  laterOf,
  ORIGIN,
  positionOf,
  refKey,
  type StoredMessage,
} from "@parley/models";
import type { ChangesOf, PageOptions, Range, Store } from "@parley/store";
import type { TailSnapshot } from "../log-tail/log-follower.ts";
import { RecentMessages } from "../log-tail/recent-messages.ts";
import { newestOfEach } from "./newest-of-each.ts";
import { idAt } from "./scripted-tail.ts";

type Random = () => number;
type ModelStore = Pick<
  Store,
  "page" | "sync" | "feed" | "conversations" | "findByRef" | "findByIds" | "changes"
>;

/** A random number generator (mulberry32): the same seed gives the same numbers in [0, 1). */
export function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * A model of the log, its tail and the store, with any number of persisters. Whenever a reader waits, the model
 * appends messages and changes, stores some in any order, and drops stored ones from the tail, as the seed decides. Refs
 * repeat far more often than in practice.
 */
export class ModelLog implements ModelStore {
  /** The messages of the log. */
  readonly log: LogMessage[] = [];
  /** The changes of the log. */
  readonly logChanges: LogChange[] = [];
  readonly #entries: LogEntry[] = [];
  readonly #stored = new Map<string, StoredMessage>();
  readonly #aliases = new Map<string, string>();
  readonly #settled = new Set<string>();
  readonly #random: Random;
  #isFrozen = false;
  #recent = new RecentMessages(ORIGIN);

  constructor(random: Random) {
    this.#random = random;
    for (let step = 0; step < 30; step += 1) this.#advance();
  }

  /** Stops all changes between reads. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /**
   * Everything that history shows now: the stored messages, and the pending messages that the store will keep under
   * their own id.
   */
  visible(): StoredMessage[] {
    const keyOf = (message: StoredMessage) =>
      message.ref && `${refKey(message)}\n${message.digest ?? contentDigest(message)}`;
    const messages: StoredMessage[] = [...this.#stored.values()];
    const refs = new Map(messages.map((stored) => [keyOf(stored), stored]));
    for (const message of this.log) {
      if (this.#settled.has(message.id) || this.#stored.has(message.id)) continue;
      const key = keyOf(message);
      if (key !== undefined && refs.has(key)) continue;
      if (key !== undefined) refs.set(key, message);
      messages.push(message);
    }
    return messages.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** The greatest id with which a user has sent a settled message to another one (P71). */
  settledFrom(user: string, other: string): string {
    const isSettled = ({ id, from, to }: LogMessage) =>
      from === user && to === other && this.#settled.has(id);
    return this.log.findLast(isSettled)?.id ?? "";
  }

  get end(): string {
    const last = this.#entries.at(-1);
    return last ? positionOf(last) : ORIGIN;
  }

  async snapshot(conversation?: string): Promise<TailSnapshot> {
    await this.#proceed();
    return this.#tail(conversation);
  }

  later(_position: string, conversation: string): TailSnapshot {
    return this.#tail(conversation);
  }

  #tail(conversation: string | undefined): TailSnapshot {
    const recent = this.#recent;
    return {
      position: this.end,
      since: recent.since,
      pending: recent.viewMessages(conversation),
      changes: recent.viewChanges(conversation),
      refs: recent.refs,
    };
  }

  page(conversation: string, { limit, newest, withoutContent = false, ...range }: PageOptions) {
    const shown = ({ meta: _, ...message }: StoredMessage) => ({ ...message, content: "" });
    return this.#read(
      (message) => conversationOf(message.from, message.to) === conversation,
      range,
      (found) => {
        const page = newest ? found.slice(-limit) : found.slice(0, limit);
        return withoutContent ? page.map(shown) : page;
      },
    );
  }

  sync(user: string, { limit, ...range }: Range & { limit: number }) {
    return this.#read(
      (message) => isVisibleTo(user, message),
      range,
      (found) => found.slice(0, limit),
    );
  }

  feed({ limit, ...range }: Range & { limit: number }) {
    return this.#read(
      () => true,
      range,
      (found) => found.slice(0, limit),
    );
  }

  async conversations(user: string, { before, limit }: { before?: string | undefined; limit: number }) {
    const lastMessages = await this.#read(
      (message) => message.to !== "" && (message.from === user || message.to === user),
      {},
      (own) => newestOfEach(own).filter(({ id }) => before === undefined || id < before),
    );
    const messages = lastMessages.slice(0, limit);
    return { messages, next: messages.length === limit ? messages.at(-1)?.id : undefined };
  }

  async findByRef(messages: readonly LogMessage[]): Promise<StoredMessage[]> {
    const keys = new Set(messages.map(refKey));
    return this.#read(
      (message) => message.ref !== undefined && keys.has(refKey(message)),
      {},
      (all) => all,
    );
  }

  async findByIds(ids: readonly string[]): Promise<ReadonlyMap<string, StoredMessage>> {
    await this.#proceed();
    const found = ids.flatMap((id) => {
      const message = this.#storedAs(id);
      return message ? [[id, message] as const] : [];
    });
    await this.#proceed();
    return new Map(found);
  }

  async changes(of: ChangesOf, { after = "", before = "~", limit }: Range & { limit: number }) {
    await this.#proceed();
    const found = this.logChanges
      .filter(({ change }) => this.#settled.has(change) && change > after && change < before)
      .filter((change) => of === "everyone" || ("user" in of && isVisibleTo(of.user, change)))
      .flatMap((change) => {
        const message = this.#storedAs(change.id);
        if (!message || !isTargetOf(change, message)) return [];
        const { kind, from, to, id, digest } = change;
        return [{ change: { change: change.change, kind, from, to, id, digest, ownDigest: "" }, message }];
      });
    await this.#proceed();
    return found.slice(0, limit);
  }

  async #read(
    wanted: (message: LogMessage) => boolean,
    { after = "", before = "~" }: Range,
    cut: (found: StoredMessage[]) => StoredMessage[],
  ): Promise<StoredMessage[]> {
    await this.#proceed();
    const found = [...this.#stored.values()]
      .filter((message) => wanted(message) && message.id > after && message.id < before)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const answer = cut(found);
    await this.#proceed();
    return answer;
  }

  async #proceed(): Promise<void> {
    await Promise.resolve();
    if (this.#isFrozen) return;
    for (let steps = this.#random() * 8; steps > 1; steps -= 1) this.#advance();
  }

  #advance(): void {
    const chance = this.#random();
    if (chance < 0.4) this.#append();
    else if (chance < 0.9) this.#storeOne();
    else this.#dropSome();
  }

  #append(): void {
    const entry = this.log.length > 0 && this.#random() < 0.3 ? this.#newChange() : this.#newMessage();
    this.#entries.push(entry);
    if (isChange(entry)) this.logChanges.push(entry);
    else this.log.push(entry);
    this.#recent.add([entry]);
  }

  /** Makes a change of one of the last messages, also of one that repeats another. */
  #newChange(): LogChange {
    const target = this.log.at(-1 - Math.floor(this.#random() * Math.min(12, this.log.length)));
    if (!target) throw new Error("no message to change");
    const { id, from, to } = target;
    const change = this.#nextId();
    const fields = { change, from, to, id, digest: contentDigest(target) };
    if (this.#random() < 0.25) return { kind: "delete", ...fields };
    return { kind: "edit", ...fields, content: `edited by ${change}` };
  }

  #nextId(): string {
    return idAt(this.#entries.length + 1);
  }

  #newMessage(): LogMessage {
    const people = ["alice", "bob", "carol"];
    const pick = (choices: readonly string[]) => choices[Math.floor(this.#random() * choices.length)] ?? "";
    const ref = this.#random() < 0.7 ? { ref: `r${Math.floor(this.#random() * 6)}` } : {};
    const content = this.#random() < 0.9 ? "the same" : "another";
    return {
      id: this.#nextId(),
      from: pick(people),
      to: pick(["", ...people]),
      content,
      ...ref,
    };
  }

  /** Settles a random unsettled entry the way a persister does (L13, L28). Some persisters die before they settle it. */
  #storeOne(): void {
    const unsettled = this.#entries.filter((entry) => !this.#settled.has(positionOf(entry)));
    const entry = unsettled[Math.floor(this.#random() * unsettled.length)];
    if (!entry) return;
    if (!isChange(entry)) this.#storeMessage(entry);
    else if (!this.#storeChange(entry)) return;
    if (this.#random() < 0.9) this.#settled.add(positionOf(entry));
  }

  /** Returns false if the message of a change isn't stored yet. */
  #storeChange(change: LogChange): boolean {
    const message = this.#storedAs(change.id);
    if (message && isTargetOf(change, message)) this.#stored.set(message.id, applyChange(message, change));
    return message !== undefined;
  }

  /** The message that is stored under an id, or under the id for which that one stands. */
  #storedAs(id: string): StoredMessage | undefined {
    return this.#stored.get(id) ?? this.#stored.get(this.#aliases.get(id) ?? "");
  }

  #storeMessage(entry: LogMessage): void {
    if (this.#stored.has(entry.id)) return;
    const message = { ...entry, digest: contentDigest(entry) };
    const { ref: _, ...withoutRef } = message;
    const key = refKey(message);
    const holder = key && [...this.#stored.values()].find((stored) => refKey(stored) === key);
    if (!holder) this.#stored.set(message.id, message);
    else if (!isSameContent(holder, message)) this.#stored.set(message.id, withoutRef);
    else {
      this.#aliases.set(message.id, holder.id);
      this.#stored.set(holder.id, { ...holder, also: laterOf(holder.also ?? "", message.id) });
    }
  }

  /** Drops some of the entries before the first unsettled one from the tail. */
  #dropSome(): void {
    const firstUnsettled = this.#entries.findIndex((entry) => !this.#settled.has(positionOf(entry)));
    const settled = firstUnsettled === -1 ? this.#entries.length : firstUnsettled;
    const last = this.#entries[Math.floor(this.#random() * settled) - 1];
    if (last) this.#recent.dropUpTo(positionOf(last));
  }
}
