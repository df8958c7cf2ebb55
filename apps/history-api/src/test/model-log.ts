import { conversationOf, isVisibleTo, type LogMessage, ORIGIN, refKey } from "@parley/models";
import type { Range, Store } from "@parley/store";
import type { Snapshot } from "../log-tail/follower.ts";
import { RecentMessages } from "../log-tail/recent-messages.ts";
import { idAt } from "./scripted-tail.ts";

type Random = () => number;

/** mulberry32: the same numbers in [0, 1) for the same seed. */
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
 * A log with any number of persisters behind it, which go on in any order whenever a reader waits: what is appended,
 * stored and let go of between two reads is up to the seed. Refs come again far more often than they ever could.
 */
export class ModelLog implements Pick<Store, "page" | "sync" | "conversations" | "findByRef"> {
  readonly log: LogMessage[] = [];
  readonly #stored = new Map<string, LogMessage>();
  readonly #settled = new Set<string>();
  readonly #random: Random;
  #stands = false;
  #recent = new RecentMessages(ORIGIN);

  constructor(random: Random) {
    this.#random = random;
    for (let step = 0; step < 30; step += 1) this.#advance();
  }

  /** From now on nothing happens between two reads. */
  standStill(): void {
    this.#stands = true;
  }

  /** What history shows now: what is stored, and what of the rest the store will keep under its own id. */
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

  async snapshot(conversation?: string): Promise<Snapshot> {
    await this.#goOn();
    const recent = this.#recent;
    return {
      position: this.end,
      since: recent.since,
      pending: conversation === undefined ? recent.all() : recent.of(conversation),
      firstWithRef: (key) => recent.firstWithRef(key),
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
    const lasts = await this.#read(
      (message) => message.to !== "" && (message.from === user || message.to === user),
      {},
      (own) => newestOfEach(own).filter(({ id }) => before === undefined || id < before),
    );
    const messages = lasts.slice(0, limit);
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

  async #read(
    wanted: (message: LogMessage) => boolean,
    { after = "", before = "~" }: Range,
    cut: (found: LogMessage[]) => LogMessage[],
  ): Promise<LogMessage[]> {
    await this.#goOn();
    const found = [...this.#stored.values()]
      .filter((message) => wanted(message) && message.id > after && message.id < before)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const answer = cut(found);
    await this.#goOn();
    return answer;
  }

  async #goOn(): Promise<void> {
    await Promise.resolve();
    if (this.#stands) return;
    for (let steps = this.#random() * 8; steps > 1; steps -= 1) this.#advance();
  }

  #advance(): void {
    const chance = this.#random();
    if (chance < 0.4) this.#append();
    else if (chance < 0.9) this.#storeOne();
    else this.#letGo();
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

  /** What a persister does (L13), with any of those that are not settled. */
  #storeOne(): void {
    const open = this.log.filter(({ id }) => !this.#settled.has(id));
    const message = open[Math.floor(this.#random() * open.length)];
    if (!message) return;
    const { ref: _, ...withoutRef } = message;
    const key = refKey(message);
    const holder = key && [...this.#stored.values()].find((stored) => refKey(stored) === key);
    if (!holder) this.#stored.set(message.id, message);
    else if (holder.content !== message.content) this.#stored.set(message.id, withoutRef);
    this.#settled.add(message.id);
  }

  /** The tail lets go of some of what lies before the first that is not settled. */
  #letGo(): void {
    const firstOpen = this.log.findIndex(({ id }) => !this.#settled.has(id));
    const settled = firstOpen === -1 ? this.log.length : firstOpen;
    const last = this.log[Math.floor(this.#random() * settled) - 1];
    if (last) this.#recent.dropUpTo(last.id);
  }
}

/** The last message of each conversation, newest first; `messages` are in id order. */
export function newestOfEach(messages: readonly LogMessage[]): LogMessage[] {
  const lasts = new Map(messages.map((message) => [conversationOf(message.from, message.to), message]));
  return [...lasts.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}
