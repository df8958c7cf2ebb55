import type { Collection } from "mongodb";
import { type ConversationUpdate, ConversationUpdates } from "../conversation-updates.ts";
import type { Observe } from "../events.ts";
import type { Collections } from "./connection.ts";
import { updateConversations } from "./conversations.ts";
import type { MessageDocument } from "./document.ts";
import type { RunStep, TimeLimit } from "./read.ts";

/** Messages per read. Only their ids, senders and recipients are read. */
const PAGE_SIZE = 2_000;
/** Number of conversations collected in memory at which they are written to the database. */
const MAX_PENDING_UPDATES = 10_000;
/** Conversations per write. */
const WRITE_SIZE = 500;

/**
 * Creates the conversation documents for messages that an earlier version stored without them (P57). Reads all
 * messages once, in id order. Safe to run again, and by several processes at once.
 */
export class Backfill {
  readonly #db: Collections;
  readonly #observe: Observe;
  /** All messages up to this id have their conversation documents. */
  #doneUpTo = "";
  #running: Promise<void> | undefined;

  constructor(db: Collections, observe: Observe) {
    this.#db = db;
    this.#observe = observe;
  }

  /**
   * Runs in steps. Each step has a time limit, but the whole run has none. Rejects if a step fails. The next call
   * continues after the last conversations that were written.
   */
  run(runStep: RunStep): Promise<void> {
    this.#running ??= this.#run(runStep).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(runStep: RunStep): Promise<void> {
    const started = performance.now();
    let updates = new ConversationUpdates();
    let messages = 0;
    for (let readUpTo = this.#doneUpTo, done = false; !done; ) {
      const after = readUpTo;
      const page = await runStep((timeLimit) => readPageAfter(this.#db.messages, after, timeLimit));
      for (const { _id, from, to } of page) updates.add({ id: _id, from, to });
      messages += page.length;
      readUpTo = page.at(-1)?._id ?? after;
      done = page.length < PAGE_SIZE;
      if (done || updates.size >= MAX_PENDING_UPDATES) {
        await this.#write(updates.list(), runStep);
        this.#doneUpTo = readUpTo;
        updates = new ConversationUpdates();
      }
      if (messages > 0)
        this.#observe({ type: "backfill", messages, upTo: readUpTo, done, ms: performance.now() - started });
    }
  }

  async #write(updates: readonly ConversationUpdate[], runStep: RunStep): Promise<void> {
    for (let from = 0; from < updates.length; from += WRITE_SIZE)
      await runStep((timeLimit) =>
        updateConversations(this.#db.conversations, updates.slice(from, from + WRITE_SIZE), timeLimit),
      );
  }
}

function readPageAfter(messages: Collection<MessageDocument>, after: string, timeLimit: TimeLimit) {
  const options = {
    ...timeLimit,
    hint: { _id: 1 },
    sort: { _id: 1 },
    limit: PAGE_SIZE,
    batchSize: PAGE_SIZE,
  } as const;
  return messages.find({ _id: { $gt: after } }, { ...options, projection: { from: 1, to: 1 } }).toArray();
}
