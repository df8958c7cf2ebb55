import type { DatabaseSync, StatementSync } from "node:sqlite";
import { conversationOf, type LogMessage, ORIGIN, timestampOf } from "@parley/models";
import { allOf } from "../all.ts";
import { movedBy } from "../conversations.ts";
import type { Observe, StoreOperation, StoreRead } from "../events.ts";
import { guarded } from "../guarded.ts";
import { insertEvent, outcomeOf, refusalOf } from "../outcome.ts";
import type { Inserted, LastMessages, Range, Store } from "../store.ts";
import { reasonOf } from "./sqlite-error.ts";
import * as sql from "./statements.ts";

/**
 * History in one file, for one process. Every call works while the caller waits, commits included: what arrives
 * meanwhile gathers and makes the next batch larger, which is what keeps one sync a batch cheap.
 */
export class SqliteStore implements Store {
  readonly #db: DatabaseSync;
  readonly #observe: Observe;
  readonly #beforeClose: () => void;
  readonly #insert: StatementSync;
  readonly #moveOn: StatementSync;
  readonly #lasts: StatementSync;
  readonly #byId: StatementSync;
  readonly #byRef: StatementSync;
  readonly #lastId: StatementSync;
  readonly #oldest: StatementSync;
  readonly #newest: StatementSync;
  readonly #sync: StatementSync;

  /** `db` is open and has its tables; it is closed with the store, after `beforeClose`. */
  constructor(db: DatabaseSync, observe: Observe, beforeClose: () => void) {
    this.#db = db;
    this.#observe = observe;
    this.#beforeClose = beforeClose;
    this.#insert = db.prepare(sql.INSERT);
    this.#moveOn = db.prepare(sql.MOVE_ON);
    this.#lasts = db.prepare(sql.LASTS);
    this.#byId = db.prepare(sql.BY_ID);
    this.#byRef = db.prepare(sql.BY_REF);
    this.#lastId = db.prepare(sql.LAST_ID);
    this.#oldest = db.prepare(sql.OLDEST);
    this.#newest = db.prepare(sql.NEWEST);
    this.#sync = db.prepare(sql.SYNC);
  }

  /** The tables were made on opening: only the holder of the lock can. */
  prepare(): Promise<void> {
    return this.ping();
  }

  insert(messages: readonly LogMessage[]): Promise<readonly Inserted[]> {
    return this.#guarded("insert", () => {
      const started = performance.now();
      const outcomes = this.#inTransaction(() => {
        const inserted = messages.map((message) => this.#insertOne(message));
        const judged = messages.map((message, i) => inserted[i] ?? this.#judge(message));
        for (const { name, users, last } of movedBy(messages, judged)) {
          const [one = "", other = one] = users;
          this.#moveOn.run(name, one, other, last);
        }
        return judged;
      });
      this.#observe(insertEvent(outcomes, performance.now() - started));
      return outcomes;
    });
  }

  lastId(): Promise<string> {
    return this.#guarded("lastId", () => {
      const id = this.#lastId.get()?.id;
      return typeof id === "string" ? id : ORIGIN;
    });
  }

  page(
    conversation: string,
    { after = sql.FIRST, before = sql.LAST, limit, newest }: Range & { limit: number; newest: boolean },
  ): Promise<readonly LogMessage[]> {
    return this.#read("page", limit, () => {
      const statement = newest ? this.#newest : this.#oldest;
      const messages = statement.all(conversation, after, before, limit).map(messageOf);
      return newest ? messages.reverse() : messages;
    });
  }

  all(conversation: string, range: Range, signal?: AbortSignal): AsyncIterable<LogMessage> {
    return allOf(this, conversation, range, signal);
  }

  sync(
    user: string,
    { after = sql.FIRST, before = sql.LAST, limit }: Range & { limit: number },
  ): Promise<readonly LogMessage[]> {
    return this.#read("sync", limit, () => this.#sync.all({ user, after, before, limit }).map(messageOf));
  }

  conversations(
    user: string,
    { before = sql.LAST, limit }: { before?: string | undefined; limit: number },
  ): Promise<LastMessages> {
    let next: string | undefined;
    return this.#read("conversations", limit, () => {
      const lasts = this.#lasts.all({ user, before, limit }).map(({ last }) => String(last));
      next = lasts.length === limit ? lasts.at(-1) : undefined;
      const rows = lasts.map((id) => this.#byId.get(id)).filter((row) => row !== undefined);
      return rows.map(messageOf);
    }).then((messages) => ({ messages, next }));
  }

  findByRef(messages: readonly LogMessage[]): Promise<readonly LogMessage[]> {
    return this.#read("findByRef", messages.length, () => {
      const found = messages.map((message) => this.#keptByRef(message)).filter((kept) => kept !== undefined);
      return [...new Map(found.map((kept) => [kept.id, kept])).values()];
    });
  }

  ping(): Promise<void> {
    return this.#guarded("ping", () => {
      this.#lastId.get();
    });
  }

  /** Safe to call again. */
  close(): Promise<void> {
    return this.#guarded("close", () => {
      if (!this.#db.isOpen) return;
      this.#beforeClose();
      this.#db.close();
    });
  }

  /** Undefined where its id or its ref is taken. */
  #insertOne(message: LogMessage): Inserted | undefined {
    const refusal = refusalOf(message);
    if (refusal !== undefined) return { kind: "failed", reason: refusal };
    const { id, from, to, content, ref = null } = message;
    const conversation = conversationOf(from, to);
    const { changes } = this.#insert.run(id, conversation, from, to, content, timestampOf(id), ref);
    return changes === 1 ? { kind: "stored" } : undefined;
  }

  #judge(message: LogMessage): Inserted {
    const row = this.#byId.get(message.id);
    const outcome = outcomeOf(message, row && messageOf(row), this.#keptByRef(message));
    return outcome ?? { kind: "failed", reason: "it was refused, and neither its id nor its ref is taken" };
  }

  #keptByRef({ from, to, ref }: LogMessage): LogMessage | undefined {
    if (ref === undefined) return undefined;
    const row = this.#byRef.get(conversationOf(from, to), from, ref);
    return row && messageOf(row);
  }

  /** One sync to the disk for all that `run` writes: the group commit. */
  #inTransaction<T>(run: () => T): T {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const result = run();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  #read(
    operation: StoreRead,
    limit: number,
    run: () => readonly LogMessage[],
  ): Promise<readonly LogMessage[]> {
    return this.#guarded(operation, () => {
      const started = performance.now();
      // SQLite takes a negative limit for none.
      const messages = limit > 0 ? run() : [];
      this.#observe({ type: "read", operation, messages: messages.length, ms: performance.now() - started });
      return messages;
    });
  }

  #guarded<T>(operation: StoreOperation, run: () => T): Promise<T> {
    return guarded({ observe: this.#observe, reasonOf }, operation, run);
  }
}

function messageOf(row: Record<string, unknown>): LogMessage {
  const [id, from, to, content] = [String(row.id), String(row.from), String(row.to), String(row.content)];
  return typeof row.ref === "string" ? { id, from, to, content, ref: row.ref } : { id, from, to, content };
}
