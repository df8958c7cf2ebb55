import { type LogMessage, ORIGIN } from "@parley/models";
import type { Collection, MongoClient } from "mongodb";
import { allOf } from "../all.ts";
import type { Observe, StoreOperation } from "../events.ts";
import { guarded } from "../guarded.ts";
import { insertEvent } from "../outcome.ts";
import type { Inserted, Range, Store } from "../store.ts";
import type { Connection } from "./client.ts";
import { withDeadline } from "./deadline.ts";
import type { MessageDocument } from "./document.ts";
import { createIndexes } from "./indexes.ts";
import { insertInto } from "./insert.ts";
import { reasonOf } from "./mongo-error.ts";
import { type Bound, readByRefs, readLastId, readPage, readVisible } from "./read.ts";

/** History in a MongoDB, for any number of processes. */
export class MongoStore implements Store {
  readonly #client: MongoClient;
  readonly #collection: Collection<MessageDocument>;
  readonly #observe: Observe;
  readonly #timeoutMs: number;

  /** The client is closed with the store. */
  constructor(
    { client, collection }: Connection,
    { observe, timeoutMs }: { observe: Observe; timeoutMs: number },
  ) {
    this.#client = client;
    this.#collection = collection;
    this.#observe = observe;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Makes the indexes. Where a large collection has none yet that takes longer than one operation may: the server
   * goes on, this rejects with `unavailable`, and the next call joins in.
   */
  prepare(): Promise<void> {
    return this.#bounded("prepare", () => createIndexes(this.#collection));
  }

  insert(messages: readonly LogMessage[]): Promise<readonly Inserted[]> {
    return this.#bounded("insert", async (bound) => {
      const started = performance.now();
      const outcomes = await insertInto(this.#collection, messages, bound);
      this.#observe(insertEvent(outcomes, performance.now() - started));
      return outcomes;
    });
  }

  lastId(): Promise<string> {
    return this.#bounded("lastId", async (bound) => (await readLastId(this.#collection, bound)) ?? ORIGIN);
  }

  page(
    conversation: string,
    options: Range & { readonly limit: number; readonly newest: boolean },
  ): Promise<readonly LogMessage[]> {
    return this.#read("page", options.limit, (bound) =>
      readPage(this.#collection, conversation, options, bound),
    );
  }

  all(conversation: string, range: Range, signal?: AbortSignal): AsyncIterable<LogMessage> {
    return allOf(this, conversation, range, signal);
  }

  sync(user: string, options: Range & { readonly limit: number }): Promise<readonly LogMessage[]> {
    return this.#read("sync", options.limit, (bound) => readVisible(this.#collection, user, options, bound));
  }

  findByRef(messages: readonly LogMessage[]): Promise<readonly LogMessage[]> {
    return this.#read("findByRef", messages.length, async (bound) => [
      ...(await readByRefs(this.#collection, messages, bound)).values(),
    ]);
  }

  ping(): Promise<void> {
    return this.#bounded("ping", async (bound) => {
      await this.#client.db().command({ ping: 1 }, { ...bound, readPreference: "primary" });
    });
  }

  /** What is under way rejects with `unavailable`. Resolves within the time of an operation, also without a server. */
  async close(): Promise<void> {
    const closed = guarded({ observe: this.#observe, reasonOf }, "close", () =>
      withDeadline(this.#timeoutMs, () => this.#client.close()),
    );
    await closed.catch(() => undefined);
  }

  #read(
    operation: "page" | "sync" | "findByRef",
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
      withDeadline(this.#timeoutMs, (signal) => run({ signal, maxTimeMS: this.#timeoutMs })),
    );
  }
}
