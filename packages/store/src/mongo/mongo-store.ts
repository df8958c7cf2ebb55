import { type LogMessage, ORIGIN } from "@parley/models";
import { allOf } from "../all.ts";
import { movedBy } from "../conversations.ts";
import type { Observe, StoreOperation, StoreRead } from "../events.ts";
import { guarded } from "../guarded.ts";
import { insertEvent } from "../outcome.ts";
import type { Inserted, LastMessages, Range, Store } from "../store.ts";
import { Backfill } from "./backfill.ts";
import type { Connection } from "./client.ts";
import { areComplete, declareComplete, moveOn, readLastMessages } from "./conversations.ts";
import { withDeadline } from "./deadline.ts";
import { createIndexes } from "./indexes.ts";
import { insertInto } from "./insert.ts";
import { reasonOf } from "./mongo-error.ts";
import { type Bound, readByRefs, readLastId, readPage, readVisible } from "./read.ts";

/** History in a MongoDB, for any number of processes. */
export class MongoStore implements Store {
  readonly #db: Connection;
  readonly #observe: Observe;
  readonly #timeoutMs: number;
  readonly #backfill: Backfill;
  #isComplete = false;

  /** The client is closed with the store. */
  constructor(db: Connection, { observe, timeoutMs }: { observe: Observe; timeoutMs: number }) {
    this.#db = db;
    this.#observe = observe;
    this.#timeoutMs = timeoutMs;
    this.#backfill = new Backfill(db, observe);
  }

  /**
   * Makes the indexes. Where a large collection has none yet that takes longer than one operation may: the server
   * goes on, this rejects with `unavailable`, and the next call joins in. Where there are conversations of an earlier
   * version it makes their documents, for as long as that takes; after a failure the next call goes on from there.
   */
  async prepare(): Promise<void> {
    const step = <T>(run: (bound: Bound) => Promise<T>) => this.#bounded("prepare", run);
    await step(() => createIndexes(this.#db.messages));
    if (await step(() => areComplete(this.#db.conversations))) return;
    await this.#backfill.run(step);
    await step(() => declareComplete(this.#db.conversations));
  }

  /** The messages first: where this ends between the two writes, the same batch comes again and mends it. */
  async insert(messages: readonly LogMessage[]): Promise<readonly Inserted[]> {
    const started = performance.now();
    const outcomes = await this.#bounded("insert", (bound) => insertInto(this.#db.messages, messages, bound));
    const moved = movedBy(messages, outcomes);
    if (moved.length > 0) await this.#bounded("insert", () => moveOn(this.#db.conversations, moved));
    this.#observe(insertEvent(outcomes, performance.now() - started));
    return outcomes;
  }

  lastId(): Promise<string> {
    return this.#bounded("lastId", async (bound) => (await readLastId(this.#db.messages, bound)) ?? ORIGIN);
  }

  page(
    conversation: string,
    options: Range & { readonly limit: number; readonly newest: boolean },
  ): Promise<readonly LogMessage[]> {
    return this.#read("page", options.limit, (bound) => readPage(this.#db, conversation, options, bound));
  }

  all(conversation: string, range: Range, signal?: AbortSignal): AsyncIterable<LogMessage> {
    return allOf(this, conversation, range, signal);
  }

  sync(user: string, options: Range & { readonly limit: number }): Promise<readonly LogMessage[]> {
    return this.#read("sync", options.limit, (bound) => readVisible(this.#db, user, options, bound));
  }

  conversations(
    user: string,
    options: { readonly before?: string | undefined; readonly limit: number },
  ): Promise<LastMessages> {
    return this.#bounded("conversations", async (bound) => {
      const started = performance.now();
      await this.#assertComplete();
      // MongoDB takes zero for no limit.
      if (options.limit <= 0) return { messages: [], next: undefined };
      const lasts = await readLastMessages(this.#db, user, options, bound);
      const messages = lasts.messages.length;
      this.#observe({ type: "read", operation: "conversations", messages, ms: performance.now() - started });
      return lasts;
    });
  }

  findByRef(messages: readonly LogMessage[]): Promise<readonly LogMessage[]> {
    return this.#read("findByRef", messages.length, async (bound) => [
      ...(await readByRefs(this.#db.messages, messages, bound)).values(),
    ]);
  }

  ping(): Promise<void> {
    return this.#bounded("ping", async (bound) => {
      await this.#db.client.db().command({ ping: 1 }, { ...bound, readPreference: "primary" });
    });
  }

  /** What is under way rejects with `unavailable`. Resolves within the time of an operation, also without a server. */
  async close(): Promise<void> {
    const closed = guarded({ observe: this.#observe, reasonOf }, "close", () =>
      withDeadline(this.#timeoutMs, () => this.#db.close()),
    );
    await closed.catch(() => undefined);
  }

  /** A collection that is not there, or has but a part of the conversations, answers as if it were all. */
  async #assertComplete(): Promise<void> {
    this.#isComplete ||= await areComplete(this.#db.conversations);
    if (!this.#isComplete) throw new NotPrepared("conversations have no documents yet");
  }

  #read(
    operation: StoreRead,
    limit: number,
    run: (bound: Bound) => Promise<readonly LogMessage[]>,
  ): Promise<readonly LogMessage[]> {
    return this.#bounded(operation, async (bound) => {
      const started = performance.now();
      // MongoDB takes zero for no limit.
      const messages = limit > 0 ? await run(bound) : [];
      this.#observe({ type: "read", operation, messages: messages.length, ms: performance.now() - started });
      return messages;
    });
  }

  #bounded<T>(operation: StoreOperation, run: (bound: Bound) => Promise<T>): Promise<T> {
    return guarded({ observe: this.#observe, reasonOf }, operation, () =>
      withDeadline(this.#timeoutMs, async (signal) => {
        await this.#db.connected();
        return run({ signal, maxTimeMS: this.#timeoutMs });
      }),
    );
  }
}

/** Reads of conversations wait for the first `prepare` of any process. */
class NotPrepared extends Error {
  override readonly name = "NotPrepared";
}
