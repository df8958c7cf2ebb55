import type { Appender } from "../appender.ts";
import type { Bus } from "../bus.ts";
import type { Consumer } from "../consumer.ts";
import type { Observe } from "../events.ts";
import type { LiveFeed, LiveListener } from "../live-feed.ts";
import type { LogTail } from "../log-tail.ts";
import { Bell } from "./bell.ts";
import { Journal } from "./journal.ts";
import { type AppendLimits, MemoryAppender } from "./memory-appender.ts";
import { MemoryConsumer } from "./memory-consumer.ts";
import { MemoryLiveFeed } from "./memory-live-feed.ts";
import { MemoryLogTail } from "./memory-log-tail.ts";

export interface MemoryBusOptions extends Partial<AppendLimits> {
  /** The store's greatest id, ORIGIN for none: ids go on above it (L23). */
  readonly lastStored: string;
  readonly observe?: Observe;
  /** The time in ms since 1970 that ids are made of. */
  readonly now?: () => number;
  /** How long `close` waits for a consumer to settle what was accepted, in ms. */
  readonly closeTimeoutMs?: number;
}

const LIMITS: AppendLimits = {
  maxEntries: 10_000,
  maxBytes: 32 * 1024 * 1024,
  settleTimeoutMs: 10_000,
};
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * The log for one process (L23). It keeps nothing: a message is in it from its append until the consumer says that
 * the store has it. Then, in id order, it is published live, and only then its sender hears of it. So what is
 * acknowledged is as durable as the store, and what was not acknowledged at a crash was never promised.
 */
export class MemoryBus implements Bus {
  readonly #journal: Journal;
  readonly #added = new Bell();
  readonly #settled = new Bell();
  readonly #observe: Observe;
  readonly #limits: AppendLimits;
  readonly #closeTimeoutMs: number;
  #append: MemoryAppender | undefined;
  #live: MemoryLiveFeed | undefined;
  #consume: MemoryConsumer | undefined;
  #tail: MemoryLogTail | undefined;
  #closing: Promise<void> | undefined;

  constructor({ lastStored, observe, now, closeTimeoutMs, ...limits }: MemoryBusOptions) {
    this.#journal = new Journal(lastStored, now ?? Date.now);
    this.#observe = observe ?? (() => undefined);
    this.#limits = { ...LIMITS, ...limits };
    this.#closeTimeoutMs = closeTimeoutMs ?? CLOSE_TIMEOUT_MS;
  }

  append(): Appender {
    assertFirst("append", this.#append);
    const added = () => this.#added.ring();
    this.#append = new MemoryAppender(this.#journal, this.#limits, this.#observe, added);
    return this.#append;
  }

  live(listener: LiveListener): LiveFeed {
    assertFirst("live", this.#live);
    this.#live = new MemoryLiveFeed(listener, () => this.#journal.settledUpTo);
    return this.#live;
  }

  /** `lastStored` is not asked for here: this log's life begins with the constructor's. */
  consume(_options: { readonly lastStored: () => Promise<string> }): Consumer {
    assertFirst("consume", this.#consume);
    const settled = () => this.#release();
    this.#consume = new MemoryConsumer(this.#journal, this.#added, this.#observe, settled);
    return this.#consume;
  }

  tail(): LogTail {
    assertFirst("tail", this.#tail);
    this.#tail = new MemoryLogTail(this.#journal, this.#settled);
    return this.#tail;
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  #release(): void {
    for (const { entry, outcome } of this.#journal.release()) {
      if (outcome.kind === "stored") this.#live?.publish(entry.message);
      entry.tell(entry.message.id, outcome);
    }
    this.#settled.ring();
  }

  async #end(): Promise<void> {
    this.#append?.close();
    const deadline = AbortSignal.timeout(this.#closeTimeoutMs);
    while (this.#consume && this.#journal.entries > 0 && !deadline.aborted) {
      await this.#settled.wait(undefined, deadline);
    }
    for (const entry of this.#journal.clear()) entry.tell(entry.message.id, { kind: "unknown" });
    this.#live?.close();
    this.#tail?.close();
  }
}

function assertFirst(role: string, taken: unknown): void {
  if (taken) throw new Error(`the role ${role} was asked for before`);
}
