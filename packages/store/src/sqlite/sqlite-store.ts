import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  contentDigest,
  conversationOf,
  type LogChange,
  type LogMessage,
  ORIGIN,
  type StoredMessage,
  timestampOf,
} from "@parley/models";
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
import { aliasesOf, insertEvent, outcomeOf, rejectionReason } from "../outcome.ts";
import { PageCollector, type PageSize } from "../page-size.ts";
import { readAllPages } from "../read-all-pages.ts";
import { runOperation } from "../run-operation.ts";
import type {
  Abandonable,
  Alias,
  InsertOptions,
  InsertOutcome,
  LastMessages,
  PageOptions,
  Range,
  Store,
  StoredRevocations,
} from "../store.ts";
import { SqliteChanges } from "./changes.ts";
import { SqliteMarks } from "./marks.ts";
import { SqlitePages } from "./pages.ts";
import { sqliteRevocations } from "./revocations.ts";
import { messageOf } from "./rows.ts";
import { reasonOf } from "./sqlite-error.ts";
import * as sql from "./statements.ts";
import { inTransaction } from "./transaction.ts";

/**
 * A store in one file, for one process. All calls run synchronously, including the sync of a commit to disk. Messages
 * that arrive during a commit form the next batch, so under load many messages share the cost of one sync.
 */
export class SqliteStore implements Store {
  readonly marks: SqliteMarks;
  readonly revocations: StoredRevocations;
  readonly #db: DatabaseSync;
  readonly #observe: Observe;
  readonly #beforeClose: () => void;
  readonly #insert: StatementSync;
  readonly #upsertConversation: StatementSync;
  readonly #lastMessageIds: StatementSync;
  readonly #byId: StatementSync;
  readonly #byRef: StatementSync;
  readonly #insertAlias: StatementSync;
  readonly #nameAlias: StatementSync;
  readonly #byAlias: StatementSync;
  readonly #lastId: StatementSync;
  readonly #pages: SqlitePages;
  readonly #changes: SqliteChanges;

  /** `db` must be open and have its tables. The store owns it: `close` calls `beforeClose` and then closes `db`. */
  constructor(db: DatabaseSync, observe: Observe, beforeClose: () => void) {
    this.#db = db;
    this.#observe = observe;
    this.#beforeClose = beforeClose;
    this.#insert = db.prepare(sql.INSERT);
    this.#upsertConversation = db.prepare(sql.UPSERT_CONVERSATION);
    this.#lastMessageIds = db.prepare(sql.LAST_MESSAGE_IDS);
    this.#byId = db.prepare(sql.BY_ID);
    this.#byRef = db.prepare(sql.BY_REF);
    this.#insertAlias = db.prepare(sql.INSERT_ALIAS);
    this.#nameAlias = db.prepare(sql.NAME_ALIAS);
    this.#byAlias = db.prepare(sql.BY_ALIAS);
    this.#lastId = db.prepare(sql.LAST_ID);
    this.#pages = new SqlitePages(db);
    this.#changes = new SqliteChanges(db);
    this.revocations = sqliteRevocations(db, (operation, run) => this.#run(operation, run));
    this.marks = new SqliteMarks(db, observe);
  }

  /** Has nothing to create: the tables are created when the database is opened. */
  prepare(): Promise<void> {
    return this.ping();
  }

  /** Has nothing to add: the tables are migrated when the database is opened. */
  upgrade(): Promise<void> {
    return Promise.resolve();
  }

  insert(
    messages: readonly LogMessage[],
    { keepAliases = false }: InsertOptions = {},
  ): Promise<readonly InsertOutcome[]> {
    return this.#run("insert", () => {
      const started = performance.now();
      const outcomes = inTransaction(this.#db, () => {
        const inserted = messages.map((message) => this.#insertOne(message));
        const settled = messages.map((message, i) => inserted[i] ?? this.#outcomeOfDuplicate(message));
        for (const update of conversationUpdatesOf(messages, settled, keepAliases)) {
          const { name, users, last, sentByFirst = null, sentBySecond = null } = update;
          const [one = "", other = one] = users;
          this.#upsertConversation.run(name, one, other, last, sentByFirst, sentBySecond);
        }
        if (keepAliases) for (const alias of aliasesOf(messages, settled)) this.#keepAlias(alias);
        return settled;
      });
      this.#observe(insertEvent(outcomes, performance.now() - started));
      return outcomes;
    });
  }

  change(changes: readonly LogChange[], { watermark }: ChangeOptions): Promise<readonly ChangeOutcome[]> {
    return this.#run("change", () => {
      const started = performance.now();
      const apply = () => changes.map((change) => this.#changes.apply(change, watermark));
      const outcomes = inTransaction(this.#db, apply);
      this.#observe(changeEvent(outcomes, performance.now() - started));
      return outcomes;
    });
  }

  lastId(): Promise<string> {
    return this.#run("lastId", () => {
      const id = this.#lastId.get()?.id;
      return typeof id === "string" ? id : ORIGIN;
    });
  }

  page(conversation: string, { signal, ...options }: PageOptions): Promise<readonly StoredMessage[]> {
    const read = () => this.#pages.ofConversation(conversation, options);
    return this.#read("page", options.limit, signal, read);
  }

  all(conversation: string, range: Range, signal?: AbortSignal): AsyncIterable<StoredMessage> {
    return readAllPages(this, conversation, range, signal);
  }

  sync(
    user: string,
    { signal, ...options }: Range & PageSize & Abandonable,
  ): Promise<readonly StoredMessage[]> {
    return this.#read("sync", options.limit, signal, () => this.#pages.ofUser(user, options));
  }

  feed({ signal, ...options }: Range & PageSize & Abandonable): Promise<readonly StoredMessage[]> {
    return this.#read("feed", options.limit, signal, () => this.#pages.ofAll(options));
  }

  conversations(
    user: string,
    { before = sql.LAST, signal, ...size }: PageSize & Abandonable & { before?: string | undefined },
  ): Promise<LastMessages> {
    const { limit } = size;
    let next: string | undefined;
    return this.#read("conversations", limit, signal, () => {
      const ids = this.#lastMessageIds.all({ user, before, limit }).map(({ last }) => String(last));
      next = ids.length === limit ? ids.at(-1) : undefined;
      const page = new PageCollector<StoredMessage>(size);
      for (const id of ids) {
        const row = this.#byId.get(id);
        if (!row || !page.add(messageOf(row))) continue;
        if (id !== ids.at(-1)) next = id;
        break;
      }
      return page.messages;
    }).then((messages) => ({ messages, next }));
  }

  findByRef(
    messages: readonly LogMessage[],
    { signal }: Abandonable = {},
  ): Promise<readonly StoredMessage[]> {
    return this.#read("findByRef", messages.length, signal, () => {
      const found = messages
        .map((message) => this.#storedByRef(message))
        .filter((stored) => stored !== undefined);
      return [...new Map(found.map((stored) => [stored.id, stored])).values()];
    });
  }

  async findById(id: string, options?: Abandonable): Promise<StoredMessage | undefined> {
    return (await this.findByIds([id], options)).get(id);
  }

  async findByIds(
    ids: readonly string[],
    { signal }: Abandonable = {},
  ): Promise<ReadonlyMap<string, StoredMessage>> {
    const found = await this.#read("findById", ids.length, signal, () =>
      ids.flatMap((id) => {
        const row = this.#byId.get(id) ?? this.#byAlias.get(id);
        return row ? [[id, messageOf(row)] as const] : [];
      }),
    );
    return new Map(found);
  }

  changes(
    of: ChangesOf,
    { signal, ...options }: Range & PageSize & Abandonable,
  ): Promise<readonly ChangedMessage[]> {
    return this.#read("changes", options.limit, signal, () => this.#changes.read(of, options));
  }

  async findChange(ref: ChangeRef, { signal }: Abandonable = {}): Promise<StoredChange | undefined> {
    const read = () => [this.#changes.find(ref)].filter((change) => change !== undefined);
    return (await this.#read("findChange", 1, signal, read)).at(0);
  }

  ping(): Promise<void> {
    return this.#run("ping", () => {
      this.#lastId.get();
    });
  }

  close(): Promise<void> {
    return this.#run("close", () => {
      if (!this.#db.isOpen) return;
      this.#beforeClose();
      this.#db.close();
    });
  }

  /** Inserts a message. Returns undefined if its id or its ref is taken. */
  #insertOne(message: LogMessage): InsertOutcome | undefined {
    const refusal = rejectionReason(message);
    if (refusal !== undefined) return { kind: "failed", reason: refusal };
    const { id, from, to, content, meta = null, ref = null } = message;
    const conversation = conversationOf(from, to);
    const values = [id, conversation, from, to, content, meta, timestampOf(id), ref, contentDigest(message)];
    const { changes } = this.#insert.run(...values);
    return changes === 1 ? { kind: "stored" } : undefined;
  }

  #outcomeOfDuplicate(message: LogMessage): InsertOutcome {
    const row = this.#byId.get(message.id);
    const outcome = outcomeOf(message, row && messageOf(row), this.#storedByRef(message));
    return (
      outcome ?? { kind: "failed", reason: "SQLite refused it, though neither its id nor its ref is taken" }
    );
  }

  #storedByRef({ from, to, ref }: LogMessage): StoredMessage | undefined {
    if (ref === undefined) return undefined;
    const row = this.#byRef.get(conversationOf(from, to), from, ref);
    return row && messageOf(row);
  }

  /** An id that is another message's, because the log was replaced, stays with that message. */
  #keepAlias({ id, of }: Alias): void {
    if (this.#byId.get(id)) return;
    this.#insertAlias.run(id, of);
    this.#nameAlias.run({ alias: id, id: of });
  }

  #read<Item>(
    operation: StoreRead,
    limit: number,
    signal: AbortSignal | undefined,
    run: () => readonly Item[],
  ): Promise<readonly Item[]> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return this.#run(operation, () => {
      const started = performance.now();
      // SQLite treats a negative limit as no limit.
      const items = limit > 0 ? run() : [];
      this.#observe({ type: "read", operation, messages: items.length, ms: performance.now() - started });
      return items;
    });
  }

  #run<T>(operation: StoreOperation, run: () => T): Promise<T> {
    return runOperation({ observe: this.#observe, reasonOf }, operation, run);
  }
}
