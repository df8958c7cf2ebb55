/** Parsers of Redis' replies. They throw on a reply of unknown shape, so that it can't become a wrong message. */

/** An entry of a stream: its id, and its fields as name, value, name, value. */
export type RawEntry = readonly [streamId: string, fields: readonly string[]];

/** Returns the entries of a stream, oldest first. Entries that were deleted have no fields and are left out. */
export function entriesOf(reply: unknown): RawEntry[] {
  return listOf(reply).flatMap((entry) => {
    const [id, fields] = listOf(entry);
    return Array.isArray(fields) ? [[String(id), fields.map(String)] as const] : [];
  });
}

/** Returns the entries in the reply to an XREADGROUP on one stream. Without entries, the reply is null or undefined. */
export function readOf(reply: unknown): RawEntry[] {
  if (reply === null || reply === undefined) return [];
  const [first, second] = listOf(reply);
  // Depending on the protocol, the reply is [name, entries] or [[name, entries]].
  return entriesOf(Array.isArray(first) ? first[1] : second);
}

/** The answer of claim_idle.lua or redeliver.lua. */
export interface Claimed {
  readonly cursor: string;
  readonly entries: readonly RawEntry[];
  /** For each entry, in the same order: how often it was delivered. */
  readonly deliveries: readonly number[];
  /** Pending ids whose entries are no longer in the log. */
  readonly gone: readonly string[];
}

/** Parses the answer of claim_idle.lua or redeliver.lua. */
export function claimedOf(reply: unknown): Claimed {
  const [cursor, entries, deliveries, gone] = listOf(reply);
  return {
    cursor: String(cursor),
    entries: entriesOf(entries),
    deliveries: listOf(deliveries).map(Number),
    gone: listOf(gone).map(String),
  };
}

/** Returns the entries in the reply to an XPENDING with a range, each with its consumer. */
export function pendingOf(reply: unknown): { readonly id: string; readonly consumer: string }[] {
  return listOf(reply).map((entry) => {
    const [id, consumer] = listOf(entry);
    return { id: String(id), consumer: String(consumer) };
  });
}

/** Returns the elements of a list as text. */
export function textsOf(reply: unknown): string[] {
  return listOf(reply).map(String);
}

function listOf(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new TypeError("Redis sent a reply of an unknown shape");
  return reply;
}

/** Converts a list of alternating names and values into a record. */
export function recordOf(flat: readonly string[]): Partial<Record<string, string>> & Record<string, string> {
  const record: Record<string, string> = Object.create(null);
  for (let i = 0; i + 1 < flat.length; i += 2) record[flat[i] ?? ""] = flat[i + 1] ?? "";
  return record;
}
