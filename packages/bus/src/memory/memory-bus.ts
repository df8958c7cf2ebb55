import { positionOf } from "@parley/models";
import type { Appender } from "../appender.ts";
import type { Bus } from "../bus.ts";
import type { ConsumeOptions, Consumer } from "../consumer.ts";
import type { Observe } from "../events.ts";
import type { LiveFeed, LiveListener } from "../live-feed.ts";
import type { LogTail } from "../log-tail.ts";
import {
  MAX_UNSTORED_MARKS,
  type MarkFeed,
  type MarkListener,
  type MarkQueue,
  type MarkReader,
} from "../marks.ts";
import type { Revocations } from "../revocations.ts";
import { Journal } from "./journal.ts";
import { type AppendLimits, MemoryAppender } from "./memory-appender.ts";
import { MemoryConsumer } from "./memory-consumer.ts";
import { MemoryLiveFeed } from "./memory-live-feed.ts";
import { MemoryLogTail } from "./memory-log-tail.ts";
import { MemoryMarks } from "./memory-marks.ts";
import { MemoryRevocations, type RevocationOptions } from "./memory-revocations.ts";
import { Notifier } from "./notifier.ts";

export interface MemoryBusOptions extends Partial<AppendLimits> {
  /** The store's greatest id, or ORIGIN if the store is empty. New ids are greater (L23). */
  readonly lastStored: string;
  /** The store's revocations, and where they are kept (L26). Without it they are kept in memory only. */
  readonly revocations?: RevocationOptions;
  readonly observe?: Observe;
  /** Returns the ms since 1970, from which ids are made. Defaults to `Date.now`. */
  readonly now?: () => number;
  /** `close` waits at most this long for the consumer to settle accepted messages, in ms. Defaults to 5,000. */
  readonly closeTimeoutMs?: number;
  /** The maximum number of read marks that may wait to be stored (L27). */
  readonly maxUnstoredMarks?: number;
}

const DEFAULT_LIMITS: AppendLimits = {
  maxEntries: 10_000,
  maxBytes: 32 * 1024 * 1024,
  settleTimeoutMs: 10_000,
};
const DEFAULT_CLOSE_TIMEOUT_MS = 5_000;

/**
 * A log inside one process (L23).
 *
 * A message or a change stays in the log from its append until the consumer reports that the store has it. Then it is
 * published live, in id order. Only after that does its sender get the result. So everything that was acknowledged is in
 * the store, and an entry lost in a crash was never acknowledged. Nothing is left of this log in a restart, so it has no
 * format that could be switched (L25).
 */
export class MemoryBus implements Bus {
  readonly #journal: Journal;
  /** Notified when messages wait to be consumed. */
  readonly #added = new Notifier();
  /** Notified when messages were settled. */
  readonly #settled = new Notifier();
  readonly #observe: Observe;
  readonly #limits: AppendLimits;
  readonly #closeTimeoutMs: number;
  #append: MemoryAppender | undefined;
  #live: MemoryLiveFeed | undefined;
  #consume: MemoryConsumer | undefined;
  #tail: MemoryLogTail | undefined;
  readonly #revocations: MemoryRevocations;
  readonly #marks: MemoryMarks;
  #closing: Promise<void> | undefined;

  constructor(options: MemoryBusOptions) {
    const { lastStored, revocations, observe, now, closeTimeoutMs, maxUnstoredMarks, ...limits } = options;
    this.#journal = new Journal(lastStored, now ?? Date.now);
    this.#observe = observe ?? (() => undefined);
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#revocations = new MemoryRevocations(revocations ?? {}, this.#observe);
    this.#closeTimeoutMs = closeTimeoutMs ?? DEFAULT_CLOSE_TIMEOUT_MS;
    this.#marks = new MemoryMarks({
      end: () => this.#journal.settledUpTo,
      onRaised: ({ overShare, ...result }) => {
        this.#observe({ type: "marks", ...result });
        if (overShare > 0) this.#observe({ type: "over-share", of: "marks", drafts: overShare });
      },
      maxUnstored: maxUnstoredMarks ?? MAX_UNSTORED_MARKS,
    });
  }

  append(): Appender {
    assertNotTaken("append", this.#append);
    const { maxEntries: backlogEntries, maxBytes: backlogBytes } = this.#limits;
    this.#observe({ type: "limits", backlogEntries, backlogBytes });
    this.#append = new MemoryAppender({
      journal: this.#journal,
      limits: this.#limits,
      observe: this.#observe,
      onAdded: () => this.#added.notifyAll(),
    });
    return this.#append;
  }

  live(listener: LiveListener): LiveFeed {
    assertNotTaken("live", this.#live);
    this.#live = new MemoryLiveFeed(listener, () => this.#journal.settledUpTo);
    return this.#live;
  }

  /** Ignores `lastStored`: the log starts above the `lastStored` that was passed to the constructor. */
  consume(_options: ConsumeOptions): Consumer {
    assertNotTaken("consume", this.#consume);
    this.#consume = new MemoryConsumer({
      journal: this.#journal,
      added: this.#added,
      observe: this.#observe,
      onSettled: () => this.#release(),
    });
    return this.#consume;
  }

  tail(): LogTail {
    assertNotTaken("tail", this.#tail);
    this.#tail = new MemoryLogTail(this.#journal, this.#settled);
    return this.#tail;
  }

  /** May be requested by several roles, because all of them are in this process. */
  revocations(): Revocations {
    return this.#revocations;
  }

  raiseMarks(listener: MarkListener): MarkFeed {
    return this.#marks.listen(listener);
  }

  storeMarks(): MarkQueue {
    return this.#marks;
  }

  findMarks(): MarkReader {
    return this.#marks;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #release(): void {
    for (const { entry, outcome } of this.#journal.release()) {
      if (outcome.kind === "stored") this.#live?.publish(entry.logged);
      entry.onOutcome(positionOf(entry.logged), outcome);
    }
    this.#settled.notifyAll();
  }

  async #close(): Promise<void> {
    this.#append?.close();
    const deadline = AbortSignal.timeout(this.#closeTimeoutMs);
    while (this.#consume && this.#journal.entries > 0 && !deadline.aborted) {
      await this.#settled.wait(undefined, deadline);
    }
    for (const { logged, onOutcome } of this.#journal.clear())
      onOutcome(positionOf(logged), { kind: "unknown" });
    this.#live?.close();
    this.#tail?.close();
    this.#marks.close();
  }
}

function assertNotTaken(role: string, taken: unknown): void {
  if (taken) throw new Error(`the role ${role} was requested twice from one bus`);
}
