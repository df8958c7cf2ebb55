/** The sentences the store speaks. Every range is of ids, exclusive at both ends; FIRST and LAST stand for an open one. */

/** Sort before and after every id. */
export const FIRST = "";
export const LAST = "~";

const COLUMNS = `id, "from", "to", content, ref`;

/** id, conversation, from, to, content, timestamp, ref. Changes nothing where the id or the ref is taken. */
export const INSERT = `
  INSERT INTO messages (id, conversation, "from", "to", content, timestamp, ref)
  VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

export const BY_ID = `SELECT ${COLUMNS} FROM messages WHERE id = ?`;

/** conversation, from, ref. */
export const BY_REF = `SELECT ${COLUMNS} FROM messages WHERE conversation = ? AND "from" = ? AND ref = ?`;

export const LAST_ID = "SELECT max(id) AS id FROM messages";

/** conversation, one, other, last. A last message stays the last, in whatever order and however often they come. */
export const MOVE_ON = `
  INSERT INTO conversations (conversation, one, other, last) VALUES (?, ?, ?, ?)
  ON CONFLICT (conversation) DO UPDATE SET last = excluded.last WHERE excluded.last > last`;

/** :user, :before, :limit. The two index ranges are walked side by side, as in SYNC. */
export const LASTS = `
  SELECT last FROM conversations WHERE one = :user AND last < :before
  UNION
  SELECT last FROM conversations WHERE other = :user AND last < :before
  ORDER BY last DESC LIMIT :limit`;

/** conversation, after, before, limit. */
export const OLDEST = `
  SELECT ${COLUMNS} FROM messages WHERE conversation = ? AND id > ? AND id < ? ORDER BY id LIMIT ?`;
export const NEWEST = `
  SELECT ${COLUMNS} FROM messages WHERE conversation = ? AND id > ? AND id < ? ORDER BY id DESC LIMIT ?`;

/**
 * :user, :after, :before, :limit. SQLite walks the three index ranges side by side and stops at the limit: what it
 * reads grows with the limit and not with what a user ever had. Only then are the messages themselves looked up.
 */
export const SYNC = `
  SELECT ${COLUMNS} FROM messages WHERE id IN (
    SELECT id FROM messages WHERE "to" = '' AND id > :after AND id < :before
    UNION
    SELECT id FROM messages WHERE "from" = :user AND id > :after AND id < :before
    UNION
    SELECT id FROM messages WHERE "to" = :user AND id > :after AND id < :before
    ORDER BY id LIMIT :limit
  ) ORDER BY id`;
