/** What Redis answers, taken apart without trust: a reply of another shape is an error of ours, not a wrong message. */
export type RawEntry = readonly [streamId: string, fields: readonly string[]];

/** Entries of a stream, oldest first. Entries that were deleted meanwhile come without fields and are left out. */
export function entriesOf(reply: unknown): RawEntry[] {
  return listOf(reply).flatMap((entry) => {
    const [id, fields] = listOf(entry);
    return Array.isArray(fields) ? [[String(id), fields.map(String)] as const] : [];
  });
}

/** XREADGROUP of one stream; undefined or null where nothing came. */
export function readOf(reply: unknown): RawEntry[] {
  if (reply === null || reply === undefined) return [];
  const [first, second] = listOf(reply);
  // One stream comes as [name, entries], or nested once more, depending on the protocol.
  return entriesOf(Array.isArray(first) ? first[1] : second);
}

export interface Claimed {
  readonly cursor: string;
  readonly entries: readonly RawEntry[];
  /** One for each entry. */
  readonly deliveries: readonly number[];
  /** Pending ids whose entries are in the log no more. */
  readonly gone: readonly string[];
}

export function claimedOf(reply: unknown): Claimed {
  const [cursor, entries, deliveries, gone] = listOf(reply);
  return {
    cursor: String(cursor),
    entries: entriesOf(entries),
    deliveries: listOf(deliveries).map(Number),
    gone: listOf(gone).map(String),
  };
}

export function textsOf(reply: unknown): string[] {
  return listOf(reply).map(String);
}

function listOf(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new TypeError("Redis answered in an unknown shape");
  return reply;
}
