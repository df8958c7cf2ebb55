/**
 * The SQL statements of the store; each comment lists the parameters. Ranges of ids exclude both ends. FIRST and LAST
 * stand for an open end.
 */

/** Sorts before every id. */
export const FIRST = "";
/** Sorts after every id. */
export const LAST = "~";

const COLUMNS = `id, "from", "to", content, meta, ref, digest, also, change, deleted`;
/**
 * The columns of a message without its content, in the order in which `messageWithoutContentOf` takes them. A row of an
 * earlier version has no digest, and brings what it is made of.
 */
const COLUMNS_WITHOUT_CONTENT = `id, "from", "to", ref, digest, also, change, deleted,
  CASE WHEN digest IS NULL THEN content END, CASE WHEN digest IS NULL THEN meta END`;

/**
 * Parameters: id, conversation, from, to, content, meta, timestamp, ref, digest. Changes nothing if the id or the ref is
 * taken.
 */
export const INSERT = `
  INSERT INTO messages (id, conversation, "from", "to", content, meta, timestamp, ref, digest)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

export const BY_ID = `SELECT ${COLUMNS} FROM messages WHERE id = ?`;

/** Parameters: conversation, from, ref. */
export const BY_REF = `SELECT ${COLUMNS} FROM messages WHERE conversation = ? AND "from" = ? AND ref = ?`;

export const LAST_ID = `
  SELECT max(id) AS id FROM (
    SELECT max(id) AS id FROM messages UNION ALL SELECT max(id) FROM aliases
    UNION ALL SELECT max(id) FROM changes UNION ALL SELECT max(id) FROM marks
  )`;

/** Parameters: id, of. */
export const INSERT_ALIAS = "INSERT INTO aliases (id, of) VALUES (?, ?) ON CONFLICT DO NOTHING";
/** Parameters: :alias, :id. Keeps the greatest alias. */
export const NAME_ALIAS =
  "UPDATE messages SET also = :alias WHERE id = :id AND (also IS NULL OR also < :alias)";
/** Parameter: id. */
export const BY_ALIAS = `SELECT ${COLUMNS} FROM messages WHERE id = (SELECT of FROM aliases WHERE id = ?)`;

/**
 * Parameters: conversation, one, other, last, sent_by_first, sent_by_second. Keeps the greatest ids, so calls may be
 * repeated and may come in any order.
 */
export const UPSERT_CONVERSATION = `
  INSERT INTO conversations (conversation, one, other, last, sent_by_first, sent_by_second)
  VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (conversation) DO UPDATE SET
    last = max(last, excluded.last),
    sent_by_first = coalesce(max(sent_by_first, excluded.sent_by_first), sent_by_first, excluded.sent_by_first),
    sent_by_second = coalesce(max(sent_by_second, excluded.sent_by_second), sent_by_second, excluded.sent_by_second)`;

/** Parameters: :user, :before, :limit. SQLite merges two index ranges, as in SYNC. */
export const LAST_MESSAGE_IDS = `
  SELECT last FROM conversations WHERE one = :user AND last < :before
  UNION
  SELECT last FROM conversations WHERE other = :user AND last < :before
  ORDER BY last DESC LIMIT :limit`;

/** Parameters: conversation, after, before, limit. Returns the messages nearest to the lower end, oldest first. */
export const OLDEST = pageOf(COLUMNS, "ASC");
/** Parameters: conversation, after, before, limit. Returns the messages nearest to the upper end, newest first. */
export const NEWEST = pageOf(COLUMNS, "DESC");
/** The same without contents. */
export const OLDEST_WITHOUT_CONTENT = pageOf(COLUMNS_WITHOUT_CONTENT, "ASC");
export const NEWEST_WITHOUT_CONTENT = pageOf(COLUMNS_WITHOUT_CONTENT, "DESC");

/**
 * Parameters: :user, :after, :before, :limit. SQLite merges three index ranges and stops at the limit, so the cost
 * depends on the limit and not on the length of the user's history. The messages themselves are read only for the
 * resulting ids.
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

/** Parameters: after, before, limit. */
export const FEED = `SELECT ${COLUMNS} FROM messages WHERE id > ? AND id < ? ORDER BY id LIMIT ?`;

/** Parameters: user, other, id. Keeps the greatest id. */
export const KEEP_MARK = `
  INSERT INTO marks (user, other, id) VALUES (?, ?, ?)
  ON CONFLICT (user, other) DO UPDATE SET id = excluded.id WHERE excluded.id > id`;
/** Parameters: :user, :other, :conversation, :first, which is 1 if the user is the first one of the conversation. */
export const FIND_MARK = `
  SELECT max(id) AS id FROM (
    SELECT id FROM marks WHERE user = :user AND other = :other UNION ALL
    SELECT iif(:first, sent_by_first, sent_by_second) FROM conversations WHERE conversation = :conversation
  )`;
/** Parameter: conversation. */
export const HAS_CONVERSATION = "SELECT 1 FROM conversations WHERE conversation = ?";

const CHANGE_COLUMNS = `id, "from", "to", kind, message, first, digest, "by", ref`;

/** Parameters: id, conversation, from, to, kind, message, first, by, ref, digest. Changes nothing if the id is taken. */
export const INSERT_CHANGE = `
  INSERT INTO changes (id, conversation, "from", "to", kind, message, first, "by", ref, digest)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

export const CHANGE_BY_ID = `SELECT ${CHANGE_COLUMNS} FROM changes WHERE id = ?`;

/** Parameters: conversation, ref, and the user who made the change. */
export const CHANGE_BY_REF = `
  SELECT ${CHANGE_COLUMNS} FROM changes
  WHERE conversation = ? AND ref = ? AND coalesce("by", "from") = ? ORDER BY id LIMIT 1`;

/** Parameters: content, meta, digest, change, deleted, id. */
export const UPDATE_MESSAGE =
  "UPDATE messages SET content = ?, meta = ?, digest = ?, change = ?, deleted = ? WHERE id = ?";

/** Parameters: :conversation, :after, :before. */
export const CHANGE_IDS_OF_CONVERSATION =
  "SELECT id FROM changes WHERE conversation = :conversation AND id > :after AND id < :before ORDER BY id";

/** Parameters: :after, :before. */
export const CHANGE_IDS = "SELECT id FROM changes WHERE id > :after AND id < :before ORDER BY id";

/** Parameters: :user, :after, :before. SQLite merges three index ranges, and reads no more of them than are used. */
export const CHANGE_IDS_OF_USER = `
  SELECT id FROM changes WHERE "to" = '' AND id > :after AND id < :before
  UNION
  SELECT id FROM changes WHERE "from" = :user AND id > :after AND id < :before
  UNION
  SELECT id FROM changes WHERE "to" = :user AND id > :after AND id < :before
  ORDER BY id`;

function pageOf(columns: string, order: "ASC" | "DESC"): string {
  return `SELECT ${columns} FROM messages WHERE conversation = ? AND id > ? AND id < ? ORDER BY id ${order} LIMIT ?`;
}
