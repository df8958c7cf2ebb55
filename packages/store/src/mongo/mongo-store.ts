import { type LogMessage, ORIGIN } from "@parley/models";
import { conversationUpdatesOf } from "../conversation-updates.ts";
import type { Observe, StoreOperation, StoreRead } from "../events.ts";
import { insertEvent } from "../outcome.ts";
import type { PageSize } from "../page-size.ts";
import { readAllPages } from "../read-all-pages.ts";
import { runOperation } from "../run-operation.ts";
import type { InsertOutcome, LastMessages, Range, Store } from "../store.ts";
import { Backfill } from "./backfill.ts";
import type { Connection } from "./connection.ts";
import { isBackfillDone, markBackfillDone, readLastMessages, updateConversations } from "./conversations.ts";
import { withDeadline } from "./deadline.ts";
import { createIndexes } from "./indexes.ts";
import { insertInto } from "./insert.ts";
import { reasonOf } from "./mongo-error.ts";
import { readByRefs, readLastId, readPage, readVisible, type TimeLimit } from "./read.ts";

/** A store in MongoDB, for any number of processes. */
export class MongoStore implements Store {
  readonly #db: Connection;
  readonly #observe: Observe;
  readonly #timeoutMs: number;
  readonly #backfill: Backfill;
  #isBackfillDone = false;

  /** The store owns the connection `db`: `close` closes it. */
  constructor(db: Connection, { observe, timeoutMs }: { observe: Observe; timeoutMs: number }) {
    this.#db = db;
    this.#observe = observe;
    this.#timeoutMs = timeoutMs;
    this.#backfill = new Backfill(db, observe);
  }

  /**
   * First creates the indexes. On a large collection this can exceed the time limit. Then it rejects with
   * `unavailable` while the server continues, and the next call waits for the same index build.
   *
   * Afterwards creates the conversation documents for messages of an earlier version, without a time limit. If this
   * fails, the next call continues from the last progress.
   */
  async prepare(): Promise<void> {
    const step = <T>(run: (timeLimit: TimeLimit) => Promise<T>) => this.#bounded("prepare", run);
    await step(() => createIndexes(this.#db.messages));
    if (await step(() => isBackfillDone(this.#db.conversations))) return;
    await this.#backfill.run(step);
    await step(() => markBackfillDone(this.#db.conversations));
  }

  /**
   * Writes the messages first and the conversations second. If the process dies in between, the retry of the batch
   * writes the conversations (L13).
   */
  async insert(messages: readonly LogMessage[]): Promise<readonly InsertOutcome[]> {
    const started = performance.now();
    const outcomes = await this.#bounded("insert", (timeLimit) =>
      insertInto(this.#db.messages, messages, timeLimit),
    );
    const updates = conversationUpdatesOf(messages, outcomes);
    if (updates.length > 0)
      await this.#bounded("insert", () => updateConversations(this.#db.conversations, updates));
    this.#observe(insertEvent(outcomes, performance.now() - started));
    return outcomes;
  }

  lastId(): Promise<string> {
    return this.#bounded(
      "lastId",
      async (timeLimit) => (await readLastId(this.#db.messages, timeLimit)) ?? ORIGIN,
    );
  }

  page(
    conversation: string,
    options: Range & PageSize & { readonly newest: boolean },
  ): Promise<readonly LogMessage[]> {
    return this.#read("page", options.limit, (timeLimit) =>
      readPage(this.#db, conversation, options, timeLimit),
    );
  }

  all(conversation: string, range: Range, signal?: AbortSignal): AsyncIterable<LogMessage> {
    return readAllPages(this, conversation, range, signal);
  }

  sync(user: string, options: Range & PageSize): Promise<readonly LogMessage[]> {
    return this.#read("sync", options.limit, (timeLimit) => readVisible(this.#db, user, options, timeLimit));
  }

  conversations(
    user: string,
    options: PageSize & { readonly before?: string | undefined },
  ): Promise<LastMessages> {
    return this.#bounded("conversations", async (timeLimit) => {
      const started = performance.now();
      await this.#assertBackfillDone();
      // MongoDB treats zero as no limit.
      if (options.limit <= 0) return { messages: [], next: undefined };
      const page = await readLastMessages(this.#db, user, options, timeLimit);
      const messages = page.messages.length;
      this.#observe({ type: "read", operation: "conversations", messages, ms: performance.now() - started });
      return page;
    });
  }

  findByRef(messages: readonly LogMessage[]): Promise<readonly LogMessage[]> {
    return this.#read("findByRef", messages.length, async (timeLimit) => [
      ...(await readByRefs(this.#db.messages, messages, timeLimit)).values(),
    ]);
  }

  ping(): Promise<void> {
    return this.#bounded("ping", async (timeLimit) => {
      await this.#db.client.db().command({ ping: 1 }, { ...timeLimit, readPreference: "primary" });
    });
  }

  /** Operations in flight reject with `unavailable`. Resolves within `timeoutMs`, even if the server is down. */
  async close(): Promise<void> {
    const closed = runOperation({ observe: this.#observe, reasonOf }, "close", () =>
      withDeadline(this.#timeoutMs, () => this.#db.close()),
    );
    await closed.catch(() => undefined);
  }

  /** Rejects until the backfill is done. Until then documents may be missing, and a read would silently omit them. */
  async #assertBackfillDone(): Promise<void> {
    this.#isBackfillDone ||= await isBackfillDone(this.#db.conversations);
    if (!this.#isBackfillDone) throw new NotPrepared("the conversation documents don't exist yet");
  }

  #read(
    operation: StoreRead,
    limit: number,
    run: (timeLimit: TimeLimit) => Promise<readonly LogMessage[]>,
  ): Promise<readonly LogMessage[]> {
    return this.#bounded(operation, async (timeLimit) => {
      const started = performance.now();
      // MongoDB treats zero as no limit.
      const messages = limit > 0 ? await run(timeLimit) : [];
      this.#observe({ type: "read", operation, messages: messages.length, ms: performance.now() - started });
      return messages;
    });
  }

  #bounded<T>(operation: StoreOperation, run: (timeLimit: TimeLimit) => Promise<T>): Promise<T> {
    return runOperation({ observe: this.#observe, reasonOf }, operation, () =>
      withDeadline(this.#timeoutMs, async (signal) => {
        await this.#db.ensureConnected();
        return run({ signal, maxTimeMS: this.#timeoutMs });
      }),
    );
  }
}

/** Conversations can't be read before a process has completed `prepare`. */
class NotPrepared extends Error {
  override readonly name = "NotPrepared";
}
