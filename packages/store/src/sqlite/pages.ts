import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { StoredMessage } from "@parley/models";
import type { PageSize } from "../page-size.ts";
import type { Range } from "../store.ts";
import { collect } from "./rows.ts";
import * as sql from "./statements.ts";

/** Reads pages of messages in the order of their ids. */
export class SqlitePages {
  readonly #oldest: StatementSync;
  readonly #newest: StatementSync;
  readonly #sync: StatementSync;
  readonly #feed: StatementSync;

  constructor(db: DatabaseSync) {
    this.#oldest = db.prepare(sql.OLDEST);
    this.#newest = db.prepare(sql.NEWEST);
    this.#sync = db.prepare(sql.SYNC);
    this.#feed = db.prepare(sql.FEED);
  }

  /** Returns the oldest or newest messages of a conversation. */
  ofConversation(
    conversation: string,
    { after = sql.FIRST, before = sql.LAST, newest, ...size }: Range & PageSize & { newest: boolean },
  ): StoredMessage[] {
    const statement = newest ? this.#newest : this.#oldest;
    const messages = collect(statement.iterate(conversation, after, before, size.limit), size);
    return newest ? messages.reverse() : messages;
  }

  /** Returns the oldest messages that a user may read. */
  ofUser(user: string, { after = sql.FIRST, before = sql.LAST, ...size }: Range & PageSize): StoredMessage[] {
    return collect(this.#sync.iterate({ user, after, before, limit: size.limit }), size);
  }

  /** Returns the oldest messages of all users. */
  ofAll({ after = sql.FIRST, before = sql.LAST, ...size }: Range & PageSize): StoredMessage[] {
    return collect(this.#feed.iterate(after, before, size.limit), size);
  }
}
