import {
  conversationOf,
  isVisibleTo,
  type LogMessage,
  laterOf,
  ORIGIN,
  refKey,
  type StoredMessage,
} from "@parley/models";
import type { Range, Store } from "@parley/store";
import type { TailSnapshot } from "../log-tail/log-follower.ts";
import { RecentMessages } from "../log-tail/recent-messages.ts";
import { idAt } from "./scripted-tail.ts";

type Random = () => number;

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
 * appends messages, stores some in any order, and drops stored ones from the tail, as the seed decides. Refs repeat
 * far more often than in practice.
 */
export class ModelLog implements Pick<Store, "page" | "sync" | "conversations" | "findByRef" | "findById"> {
  readonly log: LogMessage[] = [];
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
  visible(): LogMessage[] {
    const keyOf = (message: LogMessage) => message.ref && `${refKey(message)}\n${message.content}`;
    const messages = [...this.#stored.values()];
    const refs = new Map(messages.map((stored) => [keyOf(stored), stored]));
    for (const message of this.log) {
      if (this.#settled.has(message.id)) continue;
      const key = keyOf(message);
      if (key !== undefined && refs.has(key)) continue;
      if (key !== undefined) refs.set(key, message);
      messages.push(message);
    }
    return messages.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  get end(): string {
    return this.log.at(-1)?.id ?? ORIGIN;
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
      pending: conversation === undefined ? recent.viewAll() : recent.viewConversation(conversation),
      changes: recent.viewChanges(),
      refs: recent.refs,
    };
  }

  page(conversation: string, { limit, newest, ...range }: Range & { limit: number; newest: boolean }) {
    return this.#read(
      (message) => conversationOf(message.from, message.to) === conversation,
      range,
      (found) => (newest ? found.slice(-limit) : found.slice(0, limit)),
    );
  }

  sync(user: string, { limit, ...range }: Range & { limit: number }) {
    return this.#read(
      (message) => isVisibleTo(user, message),
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

  async findByRef(messages: readonly LogMessage[]): Promise<LogMessage[]> {
    const keys = new Set(messages.map(refKey));
    return this.#read(
      (message) => message.ref !== undefined && keys.has(refKey(message)),
      {},
      (all) => all,
    );
  }

  async findById(id: string): Promise<StoredMessage | undefined> {
    const [found] = await this.#read(
      (message) => message.id === id || message.id === this.#aliases.get(id),
      {},
      (all) => all,
    );
    return found;
  }

  async #read(
    wanted: (message: LogMessage) => boolean,
    { after = "", before = "~" }: Range,
    cut: (found: LogMessage[]) => LogMessage[],
  ): Promise<LogMessage[]> {
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
    const people = ["alice", "bob", "carol"];
    const pick = (choices: readonly string[]) => choices[Math.floor(this.#random() * choices.length)] ?? "";
    const ref = this.#random() < 0.7 ? { ref: `r${Math.floor(this.#random() * 6)}` } : {};
    const content = this.#random() < 0.9 ? "the same" : "another";
    const message = {
      id: idAt(this.log.length + 1),
      from: pick(people),
      to: pick(["", ...people]),
      content,
      ...ref,
    };
    this.log.push(message);
    this.#recent.add([message]);
  }

  /** Settles a random unsettled message the way a persister does (L13). */
  #storeOne(): void {
    const unsettled = this.log.filter(({ id }) => !this.#settled.has(id));
    const message = unsettled[Math.floor(this.#random() * unsettled.length)];
    if (!message) return;
    const { ref: _, ...withoutRef } = message;
    const key = refKey(message);
    const holder = key && [...this.#stored.values()].find((stored) => refKey(stored) === key);
    if (!holder) this.#stored.set(message.id, message);
    else if (holder.content !== message.content) this.#stored.set(message.id, withoutRef);
    else {
      this.#aliases.set(message.id, holder.id);
      this.#stored.set(holder.id, { ...holder, also: laterOf(holder.also ?? "", message.id) });
    }
    this.#settled.add(message.id);
  }

  /** Drops some of the messages before the first unsettled one from the tail. */
  #dropSome(): void {
    const firstUnsettled = this.log.findIndex(({ id }) => !this.#settled.has(id));
    const settled = firstUnsettled === -1 ? this.log.length : firstUnsettled;
    const last = this.log[Math.floor(this.#random() * settled) - 1];
    if (last) this.#recent.dropUpTo(last.id);
  }
}

/** The last message of each conversation, newest first; `messages` are in id order. */
export function newestOfEach(messages: readonly LogMessage[]): LogMessage[] {
  const lastMessages = new Map(
    messages.map((message) => [conversationOf(message.from, message.to), message]),
  );
  return [...lastMessages.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}
