import { type Collection, MongoClient } from "mongodb";
import { type Cluster, GROUP, LOG } from "./cluster.ts";

// These functions access the log and the store directly, as an operator would, without the product's code.

const MAX_ENTRIES = 10_000;
/** An entry that is idle for longer isn't being worked on: a working persister renews its claim more often. */
const IDLE_MS = 1_000;

/** A stored message, as it is in MongoDB. */
export interface StoredDocument {
  readonly _id: string;
  readonly from: string;
  readonly to: string;
  readonly content: string;
}

/** Returns the stream ids of the entries that a persister has read but not acknowledged with XACK. */
export async function pendingIds(cluster: Cluster): Promise<string[]> {
  return idsOf(await cluster.withRedis((redis) => redis.xpending(LOG, GROUP, "-", "+", MAX_ENTRIES)));
}

/** Returns the stream ids of the pending entries whose persister doesn't work on them any more. */
export async function idlePendingIds(cluster: Cluster): Promise<string[]> {
  return idsOf(
    await cluster.withRedis((redis) => redis.xpending(LOG, GROUP, "IDLE", IDLE_MS, "-", "+", MAX_ENTRIES)),
  );
}

function idsOf(pending: unknown[]): string[] {
  return (pending as [string, string, number, number][]).map(([id]) => id);
}

/** Returns the stream ids of the pending entries that MongoDB has stored already. */
export async function storedPendingIds(cluster: Cluster): Promise<string[]> {
  const pending = await pendingIds(cluster);
  if (pending.length === 0) return [];
  const stored = await storedIds(cluster, pending.map(messageIdOf));
  return pending.filter((id) => stored.has(messageIdOf(id)));
}

/** Returns the number of entries that no persister has acknowledged: pending ones, and those not read yet. */
export async function backlogEntries(cluster: Cluster): Promise<number> {
  return cluster.withRedis(async (redis) => {
    const groups = (await redis.xinfo("GROUPS", LOG)) as unknown[][];
    const [group = []] = groups;
    const field = (name: string) => group[group.indexOf(name) + 1];
    const pending = Number(field("pending"));
    const lastRead = String(field("last-delivered-id"));
    const unread = await redis.xrange(LOG, `(${lastRead}`, "+", "COUNT", MAX_ENTRIES);
    return pending + unread.length;
  });
}

/** Converts a stream id to a message id, which has the same numbers in fixed width. */
export function messageIdOf(streamId: string): string {
  const [ms = "", seq = ""] = streamId.split("-");
  return `${ms.padStart(13, "0")}-${seq.padStart(10, "0")}-00`;
}

/** Returns all messages in MongoDB, or only those whose ids are in `ids`. */
export function storedDocuments(cluster: Cluster, ids?: readonly string[]): Promise<StoredDocument[]> {
  return withMongo(cluster, (client) =>
    messagesOf(client)
      .find(ids ? { _id: { $in: [...ids] } } : {})
      .toArray(),
  );
}

/** Returns the messages in MongoDB after one id and up to another. */
export function storedBetween(cluster: Cluster, after: string, upTo: string): Promise<StoredDocument[]> {
  return withMongo(cluster, (client) =>
    messagesOf(client)
      .find({ _id: { $gt: after, $lte: upTo } })
      .toArray(),
  );
}

/**
 * Deletes all messages in MongoDB, or those before an id, because a small server reads more slowly the more messages
 * it has.
 */
export async function deleteStored(cluster: Cluster, before?: string): Promise<void> {
  const filter = before === undefined ? {} : { _id: { $lt: before } };
  await withMongo(cluster, (client) => messagesOf(client).deleteMany(filter));
}

async function storedIds(cluster: Cluster, ids: readonly string[]): Promise<Set<string>> {
  return new Set((await storedDocuments(cluster, ids)).map(({ _id }) => _id));
}

function messagesOf(client: MongoClient): Collection<StoredDocument> {
  return client.db("parley").collection("messages");
}

async function withMongo<T>(cluster: Cluster, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(cluster.mongo.url, {
    serverSelectionTimeoutMS: 5_000,
    socketTimeoutMS: 30_000,
  });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
