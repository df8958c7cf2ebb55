import type { StoredMessage } from "@parley/models";
import type { Filter, FindCursor } from "mongodb";
import { PageCollector, type PageSize } from "../../page-size.ts";
import type { Range } from "../../store.ts";
import type { Connection } from "../connection.ts";
import type { TimeLimit } from "../deadline.ts";
import { type MessageDocument, messageOf } from "../document.ts";
import type { ReadIndex } from "../indexes.ts";
import { idsWithin } from "./landmarks.ts";

export type RangeDatabase = Pick<Connection, "messages" | "hint" | "landmarks">;

/** The fields that no message is made of. Reading them would take a third of the time. */
const UNUSED = { conversation: 0, timestamp: 0, key: 0 } as const;
/** Documents per batch of a read that is bounded by bytes. At most one batch is fetched beyond the bound. */
const BATCH_SIZE = 128;
/** A read with a small bound has smaller batches, so that one batch of long messages isn't many times the bound. */
const BOUND_BYTES_PER_DOCUMENT = 2_048;
/** Maximum number of ids that are learned at once. */
const LEARNED_AT_ONCE = 2_000;

/**
 * Reads messages in id order until the result is full. Without `maxBytes` fetches everything in one batch. Otherwise the
 * cursor is closed as soon as the result is full, so that no cursor stays open on the server.
 *
 * With landmarks, reads the range in windows. If the result fills up where there are no landmarks, learns some for the
 * next read: otherwise each page of a long conversation would be one more read of all the rest.
 */
export async function inIdOrder(
  db: RangeDatabase,
  filter: Filter<MessageDocument>,
  index: ReadIndex,
  { after, before, direction, ...size }: Range & PageSize & { readonly direction: 1 | -1 },
  timeLimit: TimeLimit,
): Promise<StoredMessage[]> {
  const page = new PageCollector<StoredMessage>(size);
  const { limit, maxBytes } = size;
  const batchSize = maxBytes === undefined ? limit : Math.min(limit, batchWithin(maxBytes));
  const sizes = { limit, batchSize, projection: UNUSED };
  const options = { ...timeLimit, ...db.hint(index), sort: { _id: direction }, ...sizes } as const;
  const list = JSON.stringify(filter);
  const landmarks = db.landmarks();
  const range = { after, before };
  const windows = landmarks?.windows(list, range, direction, limit) ?? [idsWithin(range)];
  for (const window of windows) {
    await readInto(page, db.messages.find({ ...filter, ...window }, options));
    if (!page.isFull) continue;
    const ids = page.messages.map(({ id }) => id);
    landmarks?.learn(list, ids);
    if (landmarks === undefined || window !== windows.at(-1)) break;
    const rest = direction === 1 ? { after: ids.at(-1), before } : { after, before: ids.at(-1) };
    landmarks.learn(list, await readIds(db, { ...filter, ...idsWithin(rest) }, direction, timeLimit));
  }
  return page.messages;
}

/** Adds documents until the page is full or there are no more. Closes the cursor. */
async function readInto(
  page: PageCollector<StoredMessage>,
  cursor: FindCursor<MessageDocument>,
): Promise<void> {
  for await (const first of cursor) {
    // The rest of the batch is here already, and takes no promise for each document.
    let document: MessageDocument | undefined = first;
    for (; document; document = cursor.readBufferedDocuments(1)[0]) if (page.add(messageOf(document))) return;
  }
}

/** Reads the first ids of a range, in the direction of reading. */
async function readIds(
  { messages }: RangeDatabase,
  filter: Filter<MessageDocument>,
  direction: 1 | -1,
  timeLimit: TimeLimit,
): Promise<string[]> {
  const sizes = { limit: LEARNED_AT_ONCE, batchSize: LEARNED_AT_ONCE };
  const options = { ...timeLimit, ...sizes, sort: { _id: direction }, projection: { _id: 1 } } as const;
  return messages
    .find(filter, options)
    .map(({ _id }) => _id)
    .toArray();
}

function batchWithin(maxBytes: number): number {
  return Math.max(1, Math.min(BATCH_SIZE, Math.ceil(maxBytes / BOUND_BYTES_PER_DOCUMENT)));
}
