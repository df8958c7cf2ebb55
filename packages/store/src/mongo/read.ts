import { conversationOf, type LogMessage, refKey } from "@parley/models";
import type { Collection, Filter } from "mongodb";
import type { Range } from "../store.ts";
import type { Connection } from "./client.ts";
import { type MessageDocument, messageOf } from "./document.ts";
import { BY_CONVERSATION, BY_RECIPIENT, BY_SENDER } from "./indexes.ts";

type Messages = Collection<MessageDocument>;
type Database = Pick<Connection, "messages" | "hint">;
type Index = typeof BY_CONVERSATION | typeof BY_SENDER | typeof BY_RECIPIENT;

/** How a read ends: `signal` ends the waiting for it, `maxTimeMS` the server's work. */
export interface Bound {
  readonly signal: AbortSignal;
  readonly maxTimeMS: number;
}

/** What one query asks for at most, by id or by ref. */
const CHUNK = 500;

export function readPage(
  db: Database,
  conversation: string,
  { limit, newest, ...range }: Range & { readonly limit: number; readonly newest: boolean },
  bound: Bound,
): Promise<LogMessage[]> {
  const direction = newest ? -1 : 1;
  const page = inIdOrder(db, { conversation }, BY_CONVERSATION, { ...range, limit, direction }, bound);
  return newest ? page.then((messages) => messages.reverse()) : page;
}

/**
 * Three queries side by side, each served by its index from the range's lower end on: the server looks at no more
 * than `limit` messages for each, whatever the user ever had. One query with `$or` may do as well or walk the ids of
 * everybody, as the server's planner thinks best.
 */
export async function readVisible(
  db: Database,
  user: string,
  { limit, ...range }: Range & { readonly limit: number },
  bound: Bound,
): Promise<LogMessage[]> {
  const asked = { ...range, limit, direction: 1 } as const;
  const parts = await Promise.all([
    inIdOrder(db, { to: "" }, BY_RECIPIENT, asked, bound),
    inIdOrder(db, { to: user }, BY_RECIPIENT, asked, bound),
    inIdOrder(db, { from: user }, BY_SENDER, asked, bound),
  ]);
  const byId = new Map(parts.flat().map((message) => [message.id, message]));
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit);
}

export async function readLastId(collection: Messages, bound: Bound): Promise<string | undefined> {
  // Also what the majority has not got yet: a log made anew starts above everything (L1).
  const options = { ...bound, sort: { _id: -1 }, projection: { _id: 1 }, readConcern: "local" } as const;
  return (await collection.findOne({}, options))?._id;
}

export async function readByIds(
  collection: Messages,
  ids: readonly string[],
  bound: Bound,
): Promise<Map<string, LogMessage>> {
  const found = await inChunks(collection, ids, (chunk) => ({ _id: { $in: chunk } }), bound);
  return new Map(found.map((message) => [message.id, message]));
}

/** What is kept under the messages' refs, by refKey. */
export async function readByRefs(
  collection: Messages,
  messages: readonly LogMessage[],
  bound: Bound,
): Promise<Map<string, LogMessage>> {
  const refs = new Map(messages.map((message) => [refKey(message), message]));
  refs.delete(undefined);
  const found = await inChunks(collection, [...refs.values()], refsOfSenders, bound);
  return new Map(found.map((message) => [refKey(message) ?? "", message]));
}

/** One clause for each sender in each conversation, however many refs it has there. */
function refsOfSenders(messages: readonly LogMessage[]): Filter<MessageDocument> {
  const clauses = new Map<string, { conversation: string; from: string; ref: { $in: string[] } }>();
  for (const { from, to, ref } of messages) {
    if (ref === undefined) continue;
    const conversation = conversationOf(from, to);
    const key = `${conversation}\n${from}`;
    const clause = clauses.get(key) ?? { conversation, from, ref: { $in: [] } };
    clauses.set(key, clause);
    clause.ref.$in.push(ref);
  }
  return { $or: [...clauses.values()] };
}

function inIdOrder(
  db: Database,
  filter: Filter<MessageDocument>,
  index: Index,
  { after, before, limit, direction }: Range & { readonly limit: number; readonly direction: 1 | -1 },
  bound: Bound,
): Promise<LogMessage[]> {
  const _id = { ...(after !== undefined && { $gt: after }), ...(before !== undefined && { $lt: before }) };
  const ranged = after === undefined && before === undefined ? filter : { ...filter, _id };
  // One batch: nothing stays open on the server.
  const sort = { _id: direction };
  const options = { ...bound, ...db.hint(index), sort, limit, batchSize: limit } as const;
  return db.messages.find(ranged, options).map(messageOf).toArray();
}

async function inChunks<T>(
  collection: Messages,
  items: readonly T[],
  filterOf: (chunk: T[]) => Filter<MessageDocument>,
  bound: Bound,
): Promise<LogMessage[]> {
  const found: LogMessage[] = [];
  for (let from = 0; from < items.length; from += CHUNK) {
    const chunk = items.slice(from, from + CHUNK);
    const options = { ...bound, batchSize: CHUNK };
    found.push(...(await collection.find(filterOf(chunk), options).map(messageOf).toArray()));
  }
  return found;
}
