import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { StoredMessage } from "@parley/models";
import type { PageSize } from "../page-size.ts";
import type { PageOptions, Range } from "../store.ts";
import { collect, messageOf, messageWithoutContentOf, type Row, type RowWithoutContent } from "./rows.ts";
import * as sql from "./statements.ts";

/** The statements that read a conversation from either end. */
interface ConversationStatements {
  readonly oldest: StatementSync;
  readonly newest: StatementSync;
}

/** Reads pages of messages in the order of their ids. */
export class SqlitePages {
  readonly #whole: ConversationStatements;
  readonly #withoutContent: ConversationStatements;
  readonly #sync: StatementSync;
  readonly #feed: StatementSync;

  constructor(db: DatabaseSync) {
    this.#whole = { oldest: db.prepare(sql.OLDEST), newest: db.prepare(sql.NEWEST) };
    this.#withoutContent = {
      oldest: db.prepare(sql.OLDEST_WITHOUT_CONTENT),
      newest: db.prepare(sql.NEWEST_WITHOUT_CONTENT),
    };
    for (const statement of Object.values(this.#withoutContent)) statement.setReturnArrays(true);
    this.#sync = db.prepare(sql.SYNC);
    this.#feed = db.prepare(sql.FEED);
  }

  /** Returns the oldest or newest messages of a conversation. */
  ofConversation(
    conversation: string,
    { after = sql.FIRST, before = sql.LAST, newest, withoutContent = false, ...size }: PageOptions,
  ): StoredMessage[] {
    const { oldest, newest: fromEnd } = withoutContent ? this.#withoutContent : this.#whole;
    const rows: Iterable<unknown> = (newest ? fromEnd : oldest).iterate(
      conversation,
      after,
      before,
      size.limit,
    );
    const messages = withoutContent
      ? collect(rows as Iterable<RowWithoutContent>, size, messageWithoutContentOf)
      : collect(rows as Iterable<Row>, size, messageOf);
    return newest ? messages.reverse() : messages;
  }

  /** Returns the oldest messages that a user may read. */
  ofUser(user: string, { after = sql.FIRST, before = sql.LAST, ...size }: Range & PageSize): StoredMessage[] {
    return collect(this.#sync.iterate({ user, after, before, limit: size.limit }), size, messageOf);
  }

  /** Returns the oldest messages of all users. */
  ofAll({ after = sql.FIRST, before = sql.LAST, ...size }: Range & PageSize): StoredMessage[] {
    return collect(this.#feed.iterate(after, before, size.limit), size, messageOf);
  }
}
