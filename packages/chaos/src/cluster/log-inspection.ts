import { MongoClient } from "mongodb";
import { type Cluster, GROUP, LOG } from "./cluster.ts";

// Reads the log and the store directly, as an operator would, without the product's code.

const MAX_ENTRIES = 10_000;
/** A persister that works on an entry renews its claim more often than this. */
const IDLE_MS = 1_000;

/** A stored message, as it is in MongoDB. */
export interface StoredDocument {
  readonly _id: string;
  readonly from: string;
  readonly to: string;
  readonly content: string;
}

/** Stream ids of the entries that a persister has read and not acknowledged with XACK. */
export async function pendingIds(cluster: Cluster): Promise<string[]> {
  return idsOf(await cluster.withRedis((redis) => redis.xpending(LOG, GROUP, "-", "+", MAX_ENTRIES)));
}

/** Stream ids of the pending entries whose persister doesn't work on them any more. */
export async function idlePendingIds(cluster: Cluster): Promise<string[]> {
  return idsOf(
    await cluster.withRedis((redis) => redis.xpending(LOG, GROUP, "IDLE", IDLE_MS, "-", "+", MAX_ENTRIES)),
  );
}

function idsOf(pending: unknown[]): string[] {
  return (pending as [string, string, number, number][]).map(([id]) => id);
}

/** Stream ids of the pending entries that MongoDB has stored already. */
export async function storedPendingIds(cluster: Cluster): Promise<string[]> {
  const pending = await pendingIds(cluster);
  if (pending.length === 0) return [];
  const stored = await storedIds(cluster, pending.map(messageIdOf));
  return pending.filter((id) => stored.has(messageIdOf(id)));
}

/** Number of entries that no persister has acknowledged: pending ones, and those that the group hasn't read yet. */
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

/** The message id of a stream id: the same numbers in fixed width. */
export function messageIdOf(streamId: string): string {
  const [ms = "", seq = ""] = streamId.split("-");
  return `${ms.padStart(13, "0")}-${seq.padStart(10, "0")}-00`;
}

/** All messages in MongoDB, or those of `ids` that it has. */
export function storedDocuments(cluster: Cluster, ids?: readonly string[]): Promise<StoredDocument[]> {
  return withMongo(cluster, (client) =>
    client
      .db("parley")
      .collection<StoredDocument>("messages")
      .find(ids ? { _id: { $in: [...ids] } } : {})
      .toArray(),
  );
}

/** Deletes all messages in MongoDB. A small server reads more slowly the more it holds. */
export async function deleteStored(cluster: Cluster): Promise<void> {
  await withMongo(cluster, (client) => client.db("parley").collection("messages").deleteMany({}));
}

async function storedIds(cluster: Cluster, ids: readonly string[]): Promise<Set<string>> {
  return new Set((await storedDocuments(cluster, ids)).map(({ _id }) => _id));
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
