import type { DatabaseSync } from "node:sqlite";
import { StoreUnusable } from "../errors.ts";

/**
 * The steps that lead from an empty file to today's tables, in order; `PRAGMA user_version` counts those taken. A
 * step that was released is never changed: what comes is added at the end.
 */
const STEPS = [
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
  // What is there of each private conversation (P57): the walk takes one step a conversation, however long it is.
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
];

/** Brings the tables up to date, all or nothing. Throws StoreUnusable where a later version of this made them. */
export function migrate(db: DatabaseSync, file: string): void {
  db.exec("BEGIN EXCLUSIVE");
  try {
    const version = Number(db.prepare("PRAGMA user_version").get()?.user_version);
    if (version > STEPS.length) {
      throw new StoreUnusable(
        `${file} is of version ${version}, and this program knows ${STEPS.length}: use a newer one`,
      );
    }
    for (const step of STEPS.slice(version)) db.exec(step);
    db.exec(`PRAGMA user_version = ${STEPS.length}`);
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}
