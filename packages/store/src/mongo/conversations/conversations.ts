import { isDeepStrictEqual } from "node:util";
import { type Collection, MongoServerError } from "mongodb";
import { type ConversationUpdate, ConversationUpdates } from "../../conversation-updates.ts";
import { PageCollector, type PageSize } from "../../page-size.ts";
import type { LastMessages } from "../../store.ts";
import type { BackfillRow } from "../backfill.ts";
import type { Collections } from "../connection.ts";
import type { RunStep, TimeLimit } from "../deadline.ts";
import type { ConversationDocument } from "../document.ts";
import { readByIds } from "../read.ts";
import { upsertAll } from "../upsert.ts";

type Conversations = Collection<ConversationDocument>;

/** The index for reads. It is created once every conversation has its document. Reads fail until it exists (P57). */
const BY_USER = { users: 1, last: -1 } as const;
/** MongoDB's error code for a missing collection. */
const NAMESPACE_NOT_FOUND = 26;

/**
 * Writes the last messages of conversations and of their users. `$max` keeps the greatest ids, so calls may be repeated and
 * may come in any order. Rejects unless all updates satisfy the write concern (L13).
 */
export async function updateConversations(
  conversations: Conversations,
  updates: readonly ConversationUpdate[],
  timeLimit: Pick<TimeLimit, "maxTimeMS">,
): Promise<void> {
  const operations = updates.map(({ name, users, ...ids }) => ({
    updateOne: {
      filter: { _id: name },
      update: { $max: ids, $setOnInsert: { users } },
      upsert: true,
    },
  }));
  await upsertAll(conversations, operations, timeLimit);
}

/** Conversations per step of a backfill. */
const STEP_SIZE = 500;

/**
 * Returns the work of the backfill for a page of messages that an earlier version stored without their conversations
 * (P57).
 */
export function addConversations(conversations: Conversations) {
  return async (page: readonly BackfillRow[], runStep: RunStep): Promise<number> => {
    const updates = new ConversationUpdates();
    for (const { _id: id, from, to } of page) updates.add({ id, from, to });
    const list = updates.list();
    for (let from = 0; from < list.length; from += STEP_SIZE) {
      const part = list.slice(from, from + STEP_SIZE);
      await runStep((timeLimit) => updateConversations(conversations, part, timeLimit));
    }
    return page.length;
  };
}

/** Tells if every conversation has its document. */
export async function isBackfillDone(conversations: Conversations): Promise<boolean> {
  try {
    return (await conversations.indexes()).some(({ key }) => isDeepStrictEqual({ ...key }, { ...BY_USER }));
  } catch (error) {
    if (error instanceof MongoServerError && error.code === NAMESPACE_NOT_FOUND) return false;
    throw error;
  }
}

/** Records that every conversation has its document, by creating the index that reads need. */
export async function markBackfillDone(conversations: Conversations): Promise<void> {
  await conversations.createIndex(BY_USER);
}

/** Messages per query. A page may end within a query's result, so this bounds the messages that are read in vain. */
const MESSAGES_PER_READ = 100;

/** Reads at most `limit` conversation documents, and then their last messages until the page is full (P57). */
export async function readLastMessages(
  { conversations, messages }: Collections,
  user: string,
  { before, ...size }: PageSize & { readonly before?: string | undefined },
  timeLimit: TimeLimit,
): Promise<LastMessages> {
  const { limit } = size;
  const filter = { users: user, ...(before !== undefined && { last: { $lt: before } }) };
  const options = { ...timeLimit, hint: BY_USER, sort: { last: -1 }, limit, batchSize: limit } as const;
  const found = await conversations.find(filter, options).toArray();
  const ids = found.map(({ last }) => last);
  const page = new PageCollector(size);
  for (let from = 0; from < ids.length; from += MESSAGES_PER_READ) {
    const part = ids.slice(from, from + MESSAGES_PER_READ);
    const byId = await readByIds(messages, part, timeLimit);
    for (const id of part) {
      const message = byId.get(id);
      if (message && page.add(message) && id !== ids.at(-1)) return { messages: page.messages, next: id };
    }
  }
  return { messages: page.messages, next: found.length === limit ? ids.at(-1) : undefined };
}
