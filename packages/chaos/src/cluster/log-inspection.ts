import { MongoClient } from "mongodb";
import { GROUP, type House, LOG } from "./cluster.ts";

/** The log and the store as an operator sees them, past the product's own code. */

/** Stream ids that were given to a persister and are not XACKed. */
export async function pendingIds(house: House): Promise<string[]> {
  return idsOf(await house.ask((redis) => redis.xpending(LOG, GROUP, "-", "+", 10_000)));
}

/** Of those, what was given to a persister that does not work on it: one that does says so more often. */
export async function leftLying(house: House): Promise<string[]> {
  return idsOf(await house.ask((redis) => redis.xpending(LOG, GROUP, "IDLE", 1_000, "-", "+", 10_000)));
}

function idsOf(pending: unknown[]): string[] {
  return (pending as [string, string, number, number][]).map(([id]) => id);
}

/** What was given to a persister and not XACKed, and is in MongoDB already. */
export async function heldAndStored(house: House): Promise<string[]> {
  const pending = await pendingIds(house);
  if (pending.length === 0) return [];
  const stored = await storedIds(house, pending.map(messageId));
  return pending.filter((id) => stored.has(messageId(id)));
}

/** What is in the log after the watermark, or at all: `entries` waiting, and whether the group has had everything. */
export async function backlog(house: House): Promise<number> {
  return house.ask(async (redis) => {
    const groups = (await redis.xinfo("GROUPS", LOG)) as unknown[][];
    const [group = []] = groups;
    const field = (name: string) => group[group.indexOf(name) + 1];
    const pending = Number(field("pending"));
    const waiting = await redis.xrange(LOG, `(${String(field("last-delivered-id"))}`, "+", "COUNT", 10_000);
    return pending + waiting.length;
  });
}

/** The id of a stream entry as clients know it: its position in fixed width. */
export function messageId(streamId: string): string {
  const [ms = "", seq = ""] = streamId.split("-");
  return `${ms.padStart(13, "0")}-${seq.padStart(10, "0")}-00`;
}

export interface StoredDocument {
  readonly _id: string;
  readonly from: string;
  readonly to: string;
  readonly content: string;
}

/** Everything that MongoDB holds. */
export function documents(house: House, ids?: readonly string[]): Promise<StoredDocument[]> {
  return inMongo(house, (client) =>
    client
      .db("parley")
      .collection<StoredDocument>("messages")
      .find(ids ? { _id: { $in: [...ids] } } : {})
      .toArray(),
  );
}

/** Removes everything that MongoDB holds: a small server's reads take the longer the more there is. */
export async function forgetStored(house: House): Promise<void> {
  await inMongo(house, (client) => client.db("parley").collection("messages").deleteMany({}));
}

async function storedIds(house: House, ids: readonly string[]): Promise<Set<string>> {
  return new Set((await documents(house, ids)).map(({ _id }) => _id));
}

async function inMongo<T>(house: House, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(house.mongo.url, {
    serverSelectionTimeoutMS: 5_000,
    socketTimeoutMS: 30_000,
  });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
