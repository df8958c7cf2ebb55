import { type Collection, MongoClient } from "mongodb";
import { type Cluster, GROUP, LOG, META } from "./cluster.ts";

// These functions access the log and the store directly, as an operator would, without the product's code.

const MAX_ENTRIES = 10_000;
/** Ids per query of a conversation. */
const PAGE_SIZE = 500;
/** An entry that is idle for longer isn't being worked on: a working persister renews its claim more often. */
const IDLE_MS = 1_000;

/** A stored message, as it is in MongoDB. */
export interface StoredDocument {
  readonly _id: string;
  readonly from: string;
  readonly to: string;
  readonly content: string;
  /** The id of the last change that counts. */
  readonly change?: string;
  readonly deleted?: true;
}

/** A stored change, as it is in MongoDB. */
export interface StoredChange {
  readonly _id: string;
  readonly kind: "edit" | "delete";
  /** The id of the message. */
  readonly message: string;
  readonly ref?: string;
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

/** True if the persisters have acknowledged every entry up to a message id. */
export function isStoredUpTo(cluster: Cluster, id: string): Promise<boolean> {
  return cluster.withRedis(async (redis) => {
    const [group = []] = (await redis.xinfo("GROUPS", LOG)) as unknown[][];
    const lastRead = String(group[group.indexOf("last-delivered-id") + 1]);
    const [first] = idsOf(await redis.xpending(LOG, GROUP, "-", "+", 1));
    return messageIdOf(lastRead) >= id && (first === undefined || messageIdOf(first) > id);
  });
}

/** Returns the id of the last entry in the log, or "" if it has none. */
export function endOfLog(cluster: Cluster): Promise<string> {
  return cluster.withRedis(async (redis) => {
    const [last] = await redis.xrevrange(LOG, "+", "-", "COUNT", 1);
    return last ? messageIdOf(last[0]) : "";
  });
}

/** Returns the format of the log. Releases that know only the first one don't write it. */
export function formatOfLog(cluster: Cluster): Promise<string> {
  return cluster.withRedis(async (redis) => (await redis.hget(META, "format")) ?? "1");
}

/** Converts a stream id to a message id, which has the same numbers in fixed width. */
export function messageIdOf(streamId: string): string {
  const [ms = "", seq = ""] = streamId.split("-");
  return `${ms.padStart(13, "0")}-${seq.padStart(10, "0")}-00`;
}

/** Returns the messages in MongoDB with these ids. */
export function storedDocuments(cluster: Cluster, ids: readonly string[]): Promise<StoredDocument[]> {
  return withMongo(cluster, (client) =>
    messagesIn(client)
      .find({ _id: { $in: [...ids] } })
      .toArray(),
  );
}

/** Returns all messages in MongoDB, except those of one sender. */
export function storedExceptOf(cluster: Cluster, sender: string): Promise<StoredDocument[]> {
  return withMongo(cluster, (client) =>
    messagesIn(client)
      .find({ from: { $ne: sender } })
      .toArray(),
  );
}

/** Returns all changes in MongoDB after an id, except those of one sender's messages. */
export function storedChanges(cluster: Cluster, after: string, sender = ""): Promise<StoredChange[]> {
  return withMongo(cluster, (client) =>
    changesIn(client)
      .find({ _id: { $gt: after }, from: { $ne: sender } })
      .toArray(),
  );
}

/** Returns the messages in MongoDB after one id and up to another. */
export function storedBetween(cluster: Cluster, after: string, upTo: string): Promise<StoredDocument[]> {
  return withMongo(cluster, (client) =>
    messagesIn(client)
      .find({ _id: { $gt: after, $lte: upTo } })
      .toArray(),
  );
}

/**
 * Deletes all messages and changes in MongoDB, or those before an id, because a small server reads more slowly the more messages
 * it has.
 */
export async function deleteStored(cluster: Cluster, before?: string): Promise<void> {
  const filter = before === undefined ? {} : { _id: { $lt: before } };
  await withMongo(cluster, async (client) => {
    await messagesIn(client).deleteMany(filter);
    await changesIn(client).deleteMany(filter);
  });
}

/** Returns the ids of a conversation's messages in MongoDB. */
export async function idsInConversation(cluster: Cluster, conversation: string): Promise<Set<string>> {
  const ids = new Set<string>();
  await withMongo(cluster, async (client) => {
    for (let after = ""; ; ) {
      const page = await idsAfter(client, conversation, after);
      for (const id of page) ids.add(id);
      after = page.at(-1) ?? after;
      if (page.length < PAGE_SIZE) return;
    }
  });
  return ids;
}

/** Returns the next ids of a conversation. A small server on a busy machine can't return all at once. */
async function idsAfter(client: MongoClient, conversation: string, after: string): Promise<string[]> {
  const filter = { conversation, _id: { $gt: after } };
  const options = { projection: { _id: 1 }, sort: { _id: 1 }, limit: PAGE_SIZE } as const;
  return (await messagesIn(client).find(filter, options).toArray()).map(({ _id }) => _id);
}

async function storedIds(cluster: Cluster, ids: readonly string[]): Promise<Set<string>> {
  return new Set((await storedDocuments(cluster, ids)).map(({ _id }) => _id));
}

function messagesIn(client: MongoClient): Collection<StoredDocument & { readonly conversation: string }> {
  return client.db("parley").collection("messages");
}

function changesIn(client: MongoClient): Collection<StoredChange> {
  return client.db("parley").collection("changes");
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
