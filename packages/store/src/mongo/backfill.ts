import type { Collection } from "mongodb";
import { type Conversation, Moved } from "../conversations.ts";
import type { Observe } from "../events.ts";
import type { Collections } from "./client.ts";
import { moveOn } from "./conversations.ts";
import type { MessageDocument } from "./document.ts";
import type { Bound } from "./read.ts";

/** Of one read, in messages: only what is between whom. */
const PAGE = 2_000;
/** Conversations that are gathered before they are written, and how many one write takes. */
const GATHERED = 10_000;
const WRITTEN = 500;

/** Runs one operation within its time. */
type Step = <T>(run: (bound: Bound) => Promise<T>) => Promise<T>;

/**
 * Makes the documents of conversations that an earlier version kept only as messages (P57): reads all messages once, in
 * the order of their ids. Doing it again, or by several processes at once, changes nothing.
 */
export class Backfill {
  readonly #db: Collections;
  readonly #observe: Observe;
  /** Up to here everything has its documents. */
  #doneUpTo = "";
  #running: Promise<void> | undefined;

  constructor(db: Collections, observe: Observe) {
    this.#db = db;
    this.#observe = observe;
  }

  /** Takes as long as it takes, step by step. Rejects with what a step fails with; the next call goes on from there. */
  run(step: Step): Promise<void> {
    this.#running ??= this.#run(step).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(step: Step): Promise<void> {
    const started = performance.now();
    let moved = new Moved();
    let messages = 0;
    for (let readUpTo = this.#doneUpTo, done = false; !done; ) {
      const after = readUpTo;
      const page = await step((bound) => readPageAfter(this.#db.messages, after, bound));
      for (const { _id, from, to } of page) moved.add({ id: _id, from, to });
      messages += page.length;
      readUpTo = page.at(-1)?._id ?? after;
      done = page.length < PAGE;
      if (done || moved.size >= GATHERED) {
        await this.#write(moved.all(), step);
        this.#doneUpTo = readUpTo;
        moved = new Moved();
      }
      if (messages > 0)
        this.#observe({ type: "backfill", messages, upTo: readUpTo, done, ms: performance.now() - started });
    }
  }

  async #write(moved: readonly Conversation[], step: Step): Promise<void> {
    for (let from = 0; from < moved.length; from += WRITTEN)
      await step(() => moveOn(this.#db.conversations, moved.slice(from, from + WRITTEN)));
  }
}

function readPageAfter(messages: Collection<MessageDocument>, after: string, bound: Bound) {
  const options = { ...bound, hint: { _id: 1 }, sort: { _id: 1 }, limit: PAGE, batchSize: PAGE } as const;
  return messages.find({ _id: { $gt: after } }, { ...options, projection: { from: 1, to: 1 } }).toArray();
}
