import { isDeepStrictEqual } from "node:util";
import { type Collection, MongoServerError } from "mongodb";
import type { Conversation } from "../conversations.ts";
import type { LastMessages } from "../store.ts";
import type { Collections } from "./client.ts";
import type { ConversationDocument } from "./document.ts";
import { DUPLICATE_KEY, documentErrorsOf } from "./mongo-error.ts";
import { type Bound, readByIds } from "./read.ts";

type Conversations = Collection<ConversationDocument>;

/** Made when every conversation has its document: while it is not there, none is read (P57). */
const BY_USER = { users: 1, last: -1 } as const;
const NAMESPACE_NOT_FOUND = 26;

/** What one bulk moves on. A larger batch goes as several side by side: a server may sync each update by itself. */
const BULK = 128;
/** Two processes that make the same document at once: the server refuses one of them, which finds it the next time. */
const ATTEMPTS = 3;

/**
 * `$max`: in whatever order and however often they come, the last message stays the last. Rejects unless all are kept
 * as the write concern asks.
 */
export async function moveOn(conversations: Conversations, moved: readonly Conversation[]): Promise<void> {
  const bulks: Promise<void>[] = [];
  for (let from = 0; from < moved.length; from += BULK)
    bulks.push(write(conversations, moved.slice(from, from + BULK), ATTEMPTS));
  await Promise.all(bulks);
}

async function write(
  conversations: Conversations,
  moved: readonly Conversation[],
  attempts: number,
): Promise<void> {
  const updates = moved.map(({ name, users, last }) => ({
    updateOne: {
      filter: { _id: name },
      update: { $max: { last }, $setOnInsert: { users } },
      upsert: true,
    },
  }));
  try {
    await conversations.bulkWrite(updates, { ordered: false });
  } catch (error) {
    const refused = documentErrorsOf(error, moved.length);
    if (attempts === 1 || refused.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
    const again = refused.flatMap(({ index }) => moved[index] ?? []);
    await write(conversations, again, attempts - 1);
  }
}

/** Whether every conversation that has messages has its document. */
export async function areComplete(conversations: Conversations): Promise<boolean> {
  try {
    return (await conversations.indexes()).some(({ key }) => isDeepStrictEqual({ ...key }, { ...BY_USER }));
  } catch (error) {
    if (error instanceof MongoServerError && error.code === NAMESPACE_NOT_FOUND) return false;
    throw error;
  }
}

export async function declareComplete(conversations: Conversations): Promise<void> {
  await conversations.createIndex(BY_USER);
}

/** The documents of `limit` conversations, of which no more are looked at, and then those of their last messages. */
export async function readLastMessages(
  { conversations, messages }: Collections,
  user: string,
  { before, limit }: { readonly before?: string | undefined; readonly limit: number },
  bound: Bound,
): Promise<LastMessages> {
  const filter = { users: user, ...(before !== undefined && { last: { $lt: before } }) };
  const options = { ...bound, hint: BY_USER, sort: { last: -1 }, limit, batchSize: limit } as const;
  const found = await conversations.find(filter, options).toArray();
  const lasts = found.map(({ last }) => last);
  const byId = await readByIds(messages, lasts, bound);
  return {
    messages: lasts.flatMap((last) => byId.get(last) ?? []),
    next: found.length === limit ? lasts.at(-1) : undefined,
  };
}
