import type { DatabaseSync, StatementSync } from "node:sqlite";
import { conversationOf } from "@parley/models";
import { isFirstOf } from "../conversation-updates.ts";
import type { Observe, StoreOperation } from "../events.ts";
import type { MarkName, MarkOutcome, MarkStore, StoredMark } from "../mark-store.ts";
import { runOperation } from "../run-operation.ts";
import type { Abandonable } from "../store.ts";
import { reasonOf } from "./sqlite-error.ts";
import * as sql from "./statements.ts";
import { inTransaction } from "./transaction.ts";

/** Read marks in SQLite. */
export class SqliteMarks implements MarkStore {
  readonly #db: DatabaseSync;
  readonly #observe: Observe;
  readonly #keep: StatementSync;
  readonly #find: StatementSync;
  readonly #hasConversation: StatementSync;

  constructor(db: DatabaseSync, observe: Observe) {
    this.#db = db;
    this.#observe = observe;
    this.#keep = db.prepare(sql.KEEP_MARK);
    this.#find = db.prepare(sql.FIND_MARK);
    this.#hasConversation = db.prepare(sql.HAS_CONVERSATION);
  }

  keep(marks: readonly StoredMark[]): Promise<readonly MarkOutcome[]> {
    return this.#run("keepMarks", () =>
      inTransaction(this.#db, () => marks.map((mark) => this.#keepOne(mark))),
    );
  }

  find(names: readonly MarkName[], { signal }: Abandonable = {}): Promise<readonly (string | undefined)[]> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return this.#run("findMarks", () =>
      names.map(({ user, with: other }) => {
        const conversation = conversationOf(user, other);
        const first = Number(isFirstOf(conversation, user));
        const id = this.#find.get({ user, other, conversation, first })?.id;
        return typeof id === "string" ? id : undefined;
      }),
    );
  }

  #keepOne({ user, with: other, id }: StoredMark): MarkOutcome {
    if (other !== "" && !this.#hasConversation.get(conversationOf(user, other))) return "noConversation";
    this.#keep.run(user, other, id);
    return "kept";
  }

  #run<T>(operation: StoreOperation, run: () => T): Promise<T> {
    return runOperation({ observe: this.#observe, reasonOf }, operation, run);
  }
}
