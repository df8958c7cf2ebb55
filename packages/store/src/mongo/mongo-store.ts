import { type LogChange, type LogMessage, laterOf, ORIGIN, type StoredMessage } from "@parley/models";
import type {
  ChangedMessage,
  ChangeOptions,
  ChangeOutcome,
  ChangeRef,
  ChangesOf,
  StoredChange,
} from "../change.ts";
import { changeEvent } from "../change-outcome.ts";
import { conversationUpdatesOf } from "../conversation-updates.ts";
import type { Observe, StoreOperation, StoreRead } from "../events.ts";
import { aliasesOf, insertEvent } from "../outcome.ts";
import type { PageSize } from "../page-size.ts";
import { readAllPages } from "../read-all-pages.ts";
import { runOperation } from "../run-operation.ts";
import type {
  Abandonable,
  InsertOptions,
  InsertOutcome,
  LastMessages,
  PageOptions,
  PrepareOptions,
  Range,
  Store,
  StoredRevocations,
  StoreFormat,
} from "../store.ts";
import { keepAliases, readByAnyIds } from "./aliases.ts";
import { forgetProgress, PAGE_SIZE, runBackfill } from "./backfill.ts";
import { applyChanges } from "./changes/apply.ts";
import { readChange, readChanges } from "./changes/read.ts";
import type { Connection } from "./connection.ts";
import {
  addConversations,
  isBackfillDone,
  markBackfillDone,
  readLastMessages,
  updateConversations,
} from "./conversations/conversations.ts";
import { type RunStep, type TimeLimit, withDeadline } from "./deadline.ts";
import { createChangeIndexes, createMarkIndexes, createReadIndexes } from "./indexes.ts";
import { insertInto } from "./insert.ts";
import { MongoMarks, readLastMark } from "./marks/mongo-marks.ts";
import { problemOf, reasonOf } from "./mongo-error.ts";
import { readByRefs, readFeed, readLastId, readPage, readVisible } from "./read.ts";
import { keepRevocations, readRevocations } from "./revocations/revocations.ts";
import { type Named, readStoreName } from "./store-name.ts";
import { convertToKeys, ensureUniqueRefs, RefField } from "./unique-refs.ts";

interface MongoStoreDeps {
  readonly observe: Observe;
  readonly timeoutMs: number;
  /** Messages per read of an upgrade. */
  readonly pageSize?: number | undefined;
}

/** A store in MongoDB, for any number of processes. */
export class MongoStore implements Store, Named {
  readonly marks: MongoMarks;
  readonly #db: Connection;
  readonly #observe: Observe;
  readonly #timeoutMs: number;
  readonly #pageSize: number;
  readonly #refField = new RefField();
  #format: StoreFormat | undefined;
  #isBackfillDone = false;

  /** The store owns the connection `db`: `close` closes it. */
  constructor(db: Connection, { observe, timeoutMs, pageSize = PAGE_SIZE }: MongoStoreDeps) {
    this.#db = db;
    this.#observe = observe;
    this.#pageSize = pageSize;
    this.#timeoutMs = timeoutMs;
    this.marks = new MongoMarks(db, (operation, run, abandoned) => this.#bounded(operation, run, abandoned));
  }

  /**
   * Creates the indexes that reads and inserts need. On a large collection this can exceed the time limit. Then it
   * rejects with `unavailable` while the server continues, and the next call waits for the same index build.
   */
  async prepare({ format }: PrepareOptions = {}): Promise<void> {
    const step = this.#stepsOf("prepare");
    await step(() => createReadIndexes(this.#db.messages));
    await step(() => createChangeIndexes(this.#db.changes));
    await step(() => createMarkIndexes(this.#db.marks));
    const isNew = await ensureUniqueRefs(this.#db.messages, format, step);
    if (isNew) await step(() => markBackfillDone(this.#db.conversations));
    this.#format = format;
    this.#refField.forget();
  }

  async upgrade(signal: AbortSignal): Promise<void> {
    const bounded = this.#stepsOf("upgrade");
    const step: RunStep = (run) => {
      signal.throwIfAborted();
      return bounded(run);
    };
    const how = { runStep: step, observe: this.#observe, pageSize: this.#pageSize };
    if (!(await step(() => isBackfillDone(this.#db.conversations)))) {
      const fill = addConversations(this.#db.conversations);
      const { messages, progress } = this.#db;
      const subject = "conversations";
      await runBackfill({ ...how, subject, messages, progress, fill });
      await step(() => markBackfillDone(this.#db.conversations));
      await step((timeLimit) => forgetProgress(progress, subject, timeLimit));
    }
    if (this.#format === 2) await convertToKeys(this.#db, how, signal);
  }

  /**
   * Writes the messages first and the conversations second. If the process dies in between, the retry of the batch
   * writes the conversations (L13).
   */
  async insert(messages: readonly LogMessage[], options?: InsertOptions): Promise<readonly InsertOutcome[]> {
    const started = performance.now();
    const step = this.#stepsOf("insert");
    const deps = { messages: this.#db.messages, refField: this.#refField, runStep: step };
    const outcomes = await insertInto(deps, messages, options);
    if (options?.keepAliases) await keepAliases(this.#db, aliasesOf(messages, outcomes), step);
    const updates = conversationUpdatesOf(messages, outcomes, options?.keepAliases ?? false);
    if (updates.length > 0)
      await step((timeLimit) => updateConversations(this.#db.conversations, updates, timeLimit));
    this.#observe(insertEvent(outcomes, performance.now() - started));
    return outcomes;
  }

  async change(
    changes: readonly LogChange[],
    { watermark }: ChangeOptions,
  ): Promise<readonly ChangeOutcome[]> {
    const started = performance.now();
    const outcomes = await applyChanges(this.#db, changes, watermark, this.#stepsOf("change"));
    this.#observe(changeEvent(outcomes, performance.now() - started));
    return outcomes;
  }

  lastId(): Promise<string> {
    const { messages, aliases, changes, marks } = this.#db;
    return this.#bounded("lastId", async (timeLimit) => {
      const ids = await Promise.all([
        readLastId(messages, timeLimit),
        readLastId(aliases, timeLimit),
        readLastId(changes, timeLimit),
        readLastMark(marks, timeLimit),
      ]);
      return ids.reduce<string>((last, id = ORIGIN) => laterOf(last, id), ORIGIN);
    });
  }

  name(): Promise<string> {
    return this.#bounded("name", (timeLimit) => readStoreName(this.#db, timeLimit));
  }

  page(conversation: string, { signal, ...options }: PageOptions): Promise<readonly StoredMessage[]> {
    const run = (timeLimit: TimeLimit) => readPage(this.#db, conversation, options, timeLimit);
    return this.#read("page", options.limit, run, signal);
  }

  all(conversation: string, range: Range, signal?: AbortSignal): AsyncIterable<StoredMessage> {
    return readAllPages(this, conversation, range, signal);
  }

  sync(
    user: string,
    { signal, ...options }: Range & PageSize & Abandonable,
  ): Promise<readonly StoredMessage[]> {
    const run = (timeLimit: TimeLimit) => readVisible(this.#db, user, options, timeLimit);
    return this.#read("sync", options.limit, run, signal);
  }

  feed({ signal, ...options }: Range & PageSize & Abandonable): Promise<readonly StoredMessage[]> {
    const run = (timeLimit: TimeLimit) => readFeed(this.#db, options, timeLimit);
    return this.#read("feed", options.limit, run, signal);
  }

  conversations(
    user: string,
    { signal, ...options }: PageSize & Abandonable & { readonly before?: string | undefined },
  ): Promise<LastMessages> {
    const run = async (timeLimit: TimeLimit) => {
      const started = performance.now();
      await this.#assertBackfillDone();
      // MongoDB treats zero as no limit.
      if (options.limit <= 0) return { messages: [], next: undefined };
      const page = await readLastMessages(this.#db, user, options, timeLimit);
      const messages = page.messages.length;
      this.#observe({ type: "read", operation: "conversations", messages, ms: performance.now() - started });
      return page;
    };
    return this.#bounded("conversations", run, signal);
  }

  findByRef(
    messages: readonly LogMessage[],
    { signal }: Abandonable = {},
  ): Promise<readonly StoredMessage[]> {
    const run = async (timeLimit: TimeLimit) => [
      ...(await readByRefs(this.#db.messages, this.#refField, messages, timeLimit)).values(),
    ];
    return this.#read("findByRef", messages.length, run, signal);
  }

  async findById(id: string, options?: Abandonable): Promise<StoredMessage | undefined> {
    return (await this.findByIds([id], options)).get(id);
  }

  async findByIds(
    ids: readonly string[],
    { signal }: Abandonable = {},
  ): Promise<ReadonlyMap<string, StoredMessage>> {
    const run = async (timeLimit: TimeLimit) => [...(await readByAnyIds(this.#db, ids, timeLimit))];
    return new Map(await this.#read("findById", ids.length, run, signal));
  }

  changes(
    of: ChangesOf,
    { signal, ...options }: Range & PageSize & Abandonable,
  ): Promise<readonly ChangedMessage[]> {
    const run = (timeLimit: TimeLimit) => readChanges(this.#db, of, options, timeLimit);
    return this.#read("changes", options.limit, run, signal);
  }

  async findChange(ref: ChangeRef, { signal }: Abandonable = {}): Promise<StoredChange | undefined> {
    const run = (timeLimit: TimeLimit) => readChange(this.#db, ref, timeLimit);
    return (await this.#read("findChange", 1, run, signal)).at(0);
  }

  readonly revocations: StoredRevocations = {
    keep: (entries) => keepRevocations(this.#db.revocations, entries, this.#stepsOf("keepRevocations")),
    all: () => this.#bounded("revocations", (timeLimit) => readRevocations(this.#db.revocations, timeLimit)),
  };

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

  #read<Item>(
    operation: StoreRead,
    limit: number,
    run: (timeLimit: TimeLimit) => Promise<readonly Item[]>,
    signal: AbortSignal | undefined,
  ): Promise<readonly Item[]> {
    const timed = async (timeLimit: TimeLimit) => {
      const started = performance.now();
      // MongoDB treats zero as no limit.
      const items = limit > 0 ? await run(timeLimit) : [];
      this.#observe({ type: "read", operation, messages: items.length, ms: performance.now() - started });
      return items;
    };
    return this.#bounded(operation, timed, signal);
  }

  /** Returns a function that runs one step of an operation within the time limit. */
  #stepsOf(operation: StoreOperation): RunStep {
    return (run) => this.#bounded(operation, run);
  }

  /** Runs an operation within the time limit, and ends it earlier if `abandoned` is aborted. */
  #bounded<T>(
    operation: StoreOperation,
    run: (timeLimit: TimeLimit) => Promise<T>,
    abandoned?: AbortSignal,
  ): Promise<T> {
    const deps = { observe: this.#observe, reasonOf, problemOf, signal: abandoned };
    const connected = async (signal: AbortSignal) => {
      await this.#db.ensureConnected();
      return run({ signal, maxTimeMS: this.#timeoutMs });
    };
    return runOperation(deps, operation, () => withDeadline(this.#timeoutMs, connected, abandoned));
  }
}

/** Conversations can't be read before a process has completed `prepare`. */
class NotPrepared extends Error {
  override readonly name = "NotPrepared";
}
