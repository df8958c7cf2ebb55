import type { StoredMessage } from "@parley/models";
import type { Filter } from "mongodb";
import { PageCollector, type PageSize } from "../../page-size.ts";
import type { Range } from "../../store.ts";
import type { Connection } from "../connection.ts";
import type { TimeLimit } from "../deadline.ts";
import { type MessageDocument, messageOf } from "../document.ts";
import type { BY_CONVERSATION, BY_RECIPIENT, BY_SENDER } from "../indexes.ts";
import { idsWithin } from "./landmarks.ts";

export type RangeDatabase = Pick<Connection, "messages" | "hint" | "landmarks">;
type Index = typeof BY_CONVERSATION | typeof BY_SENDER | typeof BY_RECIPIENT;

/** Documents per batch of a read that is bounded by bytes. At most one batch is fetched beyond the bound. */
const BATCH_SIZE = 128;
/** A read with a small bound has smaller batches, so that one batch of long messages isn't many times the bound. */
const BOUND_BYTES_PER_DOCUMENT = 2_048;

/**
 * Reads messages in id order until the result is full. Without `maxBytes` fetches everything in one batch. Otherwise the
 * cursor is closed as soon as the result is full, so that no cursor stays open on the server.
 */
export async function inIdOrder(
  db: RangeDatabase,
  filter: Filter<MessageDocument>,
  index: Index,
  { after, before, direction, ...size }: Range & PageSize & { readonly direction: 1 | -1 },
  timeLimit: TimeLimit,
): Promise<StoredMessage[]> {
  const page = new PageCollector<StoredMessage>(size);
  const landmarks = db.landmarks();
  const list = JSON.stringify(filter);
  const windows = landmarks?.windows(list, { after, before }, direction) ?? [idsWithin({ after, before })];
  for (const window of windows) {
    const limit = size.limit - page.messages.length;
    const batchSize = size.maxBytes === undefined ? limit : Math.min(limit, batchWithin(size.maxBytes));
    const options = { ...timeLimit, ...db.hint(index), sort: { _id: direction }, limit, batchSize } as const;
    const found = db.messages.find({ ...filter, ...window }, options);
    for await (const document of found) if (page.add(messageOf(document))) break;
    if (page.isFull) break;
  }
  const ids = page.messages.map(({ id }) => id);
  if (page.isFull) landmarks?.learn(list, ids);
  return page.messages;
}

function batchWithin(maxBytes: number): number {
  return Math.max(1, Math.min(BATCH_SIZE, Math.ceil(maxBytes / BOUND_BYTES_PER_DOCUMENT)));
}
