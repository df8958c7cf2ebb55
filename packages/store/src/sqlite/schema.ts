import type { DatabaseSync } from "node:sqlite";
import { StoreUnusable } from "../errors.ts";

/**
 * The migrations from an empty file to the current tables, in order. `PRAGMA user_version` is the number of
 * migrations applied. Never change a released migration: add a new one at the end.
 */
const MIGRATIONS = [
  `
  CREATE TABLE messages (
    id TEXT NOT NULL PRIMARY KEY,
    conversation TEXT NOT NULL,
    "from" TEXT NOT NULL,
    "to" TEXT NOT NULL,
    content TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    ref TEXT
  ) STRICT;
  CREATE INDEX messages_conversation ON messages (conversation, id);
  CREATE INDEX messages_from ON messages ("from", id);
  CREATE INDEX messages_to ON messages ("to", id);
  CREATE UNIQUE INDEX messages_ref ON messages (conversation, "from", ref) WHERE ref IS NOT NULL;
  `,
  // The last message of each private conversation (P57). The recursive query takes one step for each conversation,
  // however long the conversation is.
  `
  CREATE TABLE conversations (
    conversation TEXT NOT NULL PRIMARY KEY,
    one TEXT NOT NULL,
    other TEXT NOT NULL,
    last TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  WITH RECURSIVE names (name) AS (
    SELECT min(conversation) FROM messages
    UNION ALL
    SELECT (SELECT min(conversation) FROM messages WHERE conversation > name) FROM names WHERE name IS NOT NULL
  )
  INSERT INTO conversations
    SELECT conversation, "from", "to", id FROM names JOIN messages
      ON id = (SELECT max(id) FROM messages WHERE conversation = name) WHERE "to" <> '';
  CREATE INDEX conversations_one ON conversations (one, last);
  CREATE INDEX conversations_other ON conversations (other, last);
  `,
  // The digest of the content that was stored first (L29). It is missing in older rows, because nothing has changed their
  // content since. So this takes no time, however many rows there are. Aliases: ids that were acknowledged and stand for
  // an older message, which names its greatest alias (L37).
  `
  ALTER TABLE messages ADD COLUMN digest TEXT;
  ALTER TABLE messages ADD COLUMN also TEXT;
  CREATE TABLE aliases (id TEXT NOT NULL PRIMARY KEY, of TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  // Changes of messages, without content (P75), and the last change of each message. `first` is the digest of what the
  // message first was, and `digest` that of the change itself.
  `
  ALTER TABLE messages ADD COLUMN meta TEXT;
  ALTER TABLE messages ADD COLUMN change TEXT;
  ALTER TABLE messages ADD COLUMN deleted INTEGER;
  CREATE TABLE changes (
    id TEXT NOT NULL PRIMARY KEY,
    conversation TEXT NOT NULL,
    "from" TEXT NOT NULL,
    "to" TEXT NOT NULL,
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    first TEXT NOT NULL,
    "by" TEXT,
    ref TEXT,
    digest TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX changes_conversation ON changes (conversation, id);
  CREATE INDEX changes_from ON changes ("from", id);
  CREATE INDEX changes_to ON changes ("to", id);
  CREATE INDEX changes_ref ON changes (conversation, ref) WHERE ref IS NOT NULL;
  `,
  // Revoked tokens and blocked users, and what was deleted of them (L26).
  `
  CREATE TABLE revocations (
    kind TEXT NOT NULL,
    "user" TEXT NOT NULL,
    change INTEGER NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (kind, "user")
  ) STRICT, WITHOUT ROWID;
  `,
  // Read marks (L27). `other` is "" for the public room. A new log starts above the greatest id (L1).
  `
  CREATE TABLE marks (
    user TEXT NOT NULL,
    other TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (user, other)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX marks_id ON marks (id);
  `,
  // The greatest id with which each user of a conversation has sent (P71). It is missing until the user sends again.
  `
  ALTER TABLE conversations ADD COLUMN sent_by_first TEXT;
  ALTER TABLE conversations ADD COLUMN sent_by_second TEXT;
  `,
];

/**
 * Applies the missing migrations in one transaction. Throws StoreUnusable if a later version of Parley wrote the
 * file.
 */
export function migrate(db: DatabaseSync, file: string): void {
  db.exec("BEGIN EXCLUSIVE");
  try {
    const version = Number(db.prepare("PRAGMA user_version").get()?.user_version);
    if (version > MIGRATIONS.length) {
      throw new StoreUnusable(
        `${file} has schema version ${version}, but this version of Parley supports at most ${MIGRATIONS.length}: upgrade Parley`,
      );
    }
    for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}
