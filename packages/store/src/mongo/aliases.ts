import type { StoredMessage } from "@parley/models";
import type { Collection } from "mongodb";
import type { Alias } from "../store.ts";
import type { Collections } from "./connection.ts";
import type { RunStep, TimeLimit } from "./deadline.ts";
import type { AliasDocument, MessageDocument } from "./document.ts";
import { DUPLICATE_KEY, documentErrorsOf } from "./mongo-error.ts";
import { readByIds } from "./read.ts";

type Database = Pick<Collections, "aliases" | "messages">;

/**
 * Keeps aliases durably, and names the greatest one in each first message (P58, L37). May be repeated: a process that
 * ends in between gets the same messages again.
 */
export async function keepAliases(
  { aliases, messages }: Database,
  list: readonly Alias[],
  runStep: RunStep,
): Promise<void> {
  if (list.length === 0) return;
  const ids = list.map(({ id }) => id);
  const stored = await runStep((timeLimit) => readByIds(messages, ids, timeLimit));
  // An id that is another message's, because the log was replaced, stays with that message.
  const free = list.filter(({ id }) => !stored.has(id));
  if (free.length === 0) return;
  await runStep((timeLimit) => insertMissing(aliases, free, timeLimit));
  await runStep((timeLimit) => nameInMessages(messages, free, timeLimit));
}

/** Returns the ids of the messages for which these ids stand, by alias. */
export async function readAliases(
  aliases: Collection<AliasDocument>,
  ids: readonly string[],
  timeLimit: TimeLimit,
): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const found = await aliases.find({ _id: { $in: [...ids] } }, timeLimit).toArray();
  return new Map(found.map(({ _id, of }) => [_id, of]));
}

/** Reads messages by ids or aliases. The result is keyed by the given ids. */
export async function readByAnyIds(
  { messages, aliases }: Database,
  ids: readonly string[],
  timeLimit: TimeLimit,
): Promise<Map<string, StoredMessage>> {
  const byId = await readByIds(messages, ids, timeLimit);
  const missing = ids.filter((id) => !byId.has(id));
  const firsts = await readAliases(aliases, missing, timeLimit);
  const byAlias = await readByIds(messages, [...new Set(firsts.values())], timeLimit);
  for (const [alias, of] of firsts) {
    const first = byAlias.get(of);
    if (first) byId.set(alias, first);
  }
  return byId;
}

async function insertMissing(
  aliases: Collection<AliasDocument>,
  list: readonly Alias[],
  { maxTimeMS }: TimeLimit,
): Promise<void> {
  const documents = list.map(({ id, of }) => ({ _id: id, of }));
  try {
    await aliases.insertMany(documents, { ordered: false, maxTimeMS });
  } catch (error) {
    const refused = documentErrorsOf(error, documents.length);
    if (refused.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
  }
}

async function nameInMessages(
  messages: Collection<MessageDocument>,
  list: readonly Alias[],
  { maxTimeMS }: TimeLimit,
): Promise<void> {
  const operations = list.map(({ id, of }) => ({
    updateOne: { filter: { _id: of }, update: { $max: { also: id } } },
  }));
  await messages.bulkWrite(operations, { ordered: false, maxTimeMS });
}
