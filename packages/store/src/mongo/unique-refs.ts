import { setTimeout as sleep } from "node:timers/promises";
import type { Collection } from "mongodb";
import { StoreUnusable } from "../errors.ts";
import type { StoreFormat } from "../store.ts";
import { type BackfillOptions, type BackfillRow, forgetProgress, runBackfill } from "./backfill.ts";
import type { Collections } from "./connection.ts";
import type { RunStep, TimeLimit } from "./deadline.ts";
import { addedFields, type MessageDocument, messageOf } from "./document.ts";
import {
  createKeyIndex,
  createRefIndex,
  dropRefIndex,
  readUniqueIndexes,
  type UniqueIndexes,
} from "./indexes.ts";

/**
 * Uniqueness of refs, in two formats that are told apart by the indexes (G2):
 *
 * - Format 1, that of earlier versions: a partial unique index on `(conversation, from, ref)`. Every version writes
 *   these fields, so it holds for all documents. Refs are looked up by these fields.
 * - Format 2: the partial index is gone. A unique index on `key` holds, and refs are looked up by `key`. It is correct
 *   only if every document has a key, so an earlier version must not store messages.
 *
 * If both indexes exist, it is format 1. Looks by `ref` are always correct, and looks by `key` are only if there is no
 * partial index. So a process that has not noticed a change to format 2 is slower, and not wrong. A process that has not
 * noticed the change back looks by `key` for at most `LOOK_AGAIN_MS`.
 *
 * A process of an earlier version creates the partial index when it starts, and thereby returns to format 1.
 */

/** Refs are looked up by a field for at most this time before the indexes are read again, in ms. */
const LOOK_AGAIN_MS = 10_000;
/** Wait before the documents are checked again, in ms. */
const CHECK_AGAIN_MS = 1_000;
/** Documents per write, and per read of contents. */
const FILL_SIZE = 100;
/** Parts that are written at the same time, because a server may sync each update to disk separately. */
const FILLS_AT_ONCE = 4;

/** Remembers the field by which refs are looked up. */
export class RefField {
  #known: { readonly field: "key" | "ref"; readonly at: number } | undefined;

  async current(messages: Collection<MessageDocument>): Promise<"key" | "ref"> {
    const now = performance.now();
    if (this.#known && now - this.#known.at < LOOK_AGAIN_MS) return this.#known.field;
    const field = formatOf(await readUniqueIndexes(messages)) === 2 ? "key" : "ref";
    this.#known = { field, at: now };
    return field;
  }

  forget(): void {
    this.#known = undefined;
  }
}

/** Returns the format of a store with these unique indexes, or undefined if it has none of them. */
export function formatOf({ key, ref }: UniqueIndexes): StoreFormat | undefined {
  if (ref) return 1;
  return key ? 2 : undefined;
}

/**
 * Ensures that refs are unique, before the first insert. A new store gets format 2 unless format 1 is given. Format 1
 * takes effect here, and the change of an existing store to format 2 in `convertToKeys`. Returns true if the store is
 * new.
 */
export async function ensureUniqueRefs(
  messages: Collection<MessageDocument>,
  format: StoreFormat | undefined,
  runStep: RunStep,
): Promise<boolean> {
  // Read before the indexes: if another process has stored a message meanwhile, it has created an index before.
  const isNew = await runStep((timeLimit) => isEmpty(messages, timeLimit));
  const indexes = await runStep(() => readUniqueIndexes(messages));
  const hasNone = !indexes.key && !indexes.ref;
  if (format === 1 || (hasNone && !isNew)) {
    const isSupported = await runStep(() => createRefIndex(messages));
    if (!isSupported && format === 1)
      throw new StoreUnusable(
        "this MongoDB server has no partial indexes, which format 1 needs: use format 2, as a new database does",
      );
    if (!isSupported) await runStep(() => createKeyIndex(messages));
  } else if (hasNone) await runStep(() => createKeyIndex(messages));
  return isNew;
}

/**
 * Changes an existing store to format 2 while messages are stored and read. Adds the missing keys, creates the index on
 * them, checks all documents, and drops the partial index last. Refs are unique at every moment: nothing is dropped
 * before its successor holds for every document. Safe to interrupt at any point, and to run in several processes.
 *
 * If the check finds documents without keys, a process of an earlier version may still be running. Then the partial
 * index stays until a check finds none.
 */
export async function convertToKeys(
  { messages, progress }: Collections,
  how: Pick<BackfillOptions, "runStep" | "observe" | "pageSize">,
  signal: AbortSignal,
): Promise<void> {
  const { runStep } = how;
  if (!(await runStep(() => readUniqueIndexes(messages))).ref) return;
  const fill = (page: readonly BackfillRow[]) => addMissingFields(messages, page, runStep);
  const options = { ...how, subject: "keys", messages, fill } as const;
  await runBackfill({ ...options, progress });
  await runStep(() => createKeyIndex(messages));
  while ((await runBackfill(options)) > 0)
    await sleep(CHECK_AGAIN_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  await runStep(() => dropRefIndex(messages));
  await runStep((timeLimit) => forgetProgress(progress, "keys", timeLimit));
}

/** Adds keys and digests to those documents that have none, in small parts. */
async function addMissingFields(
  messages: Collection<MessageDocument>,
  page: readonly BackfillRow[],
  runStep: RunStep,
): Promise<number> {
  const ids = page.filter(({ key }) => key === undefined).map(({ _id }) => _id);
  const parts = Array.from({ length: Math.ceil(ids.length / FILL_SIZE) }, (_, n) =>
    ids.slice(n * FILL_SIZE, (n + 1) * FILL_SIZE),
  );
  for (let from = 0; from < parts.length; from += FILLS_AT_ONCE) {
    const fills = parts.slice(from, from + FILLS_AT_ONCE).map((part) => fillPart(messages, part, runStep));
    await Promise.all(fills);
  }
  return ids.length;
}

async function fillPart(
  messages: Collection<MessageDocument>,
  ids: readonly string[],
  runStep: RunStep,
): Promise<void> {
  const found = await runStep((timeLimit) => messages.find({ _id: { $in: ids } }, timeLimit).toArray());
  const operations = found.map((document) => ({
    updateOne: {
      filter: { _id: document._id, key: { $exists: false } },
      update: { $set: addedFields(messageOf(document)) },
    },
  }));
  if (operations.length === 0) return;
  await runStep(({ maxTimeMS }) => messages.bulkWrite(operations, { ordered: false, maxTimeMS }));
}

async function isEmpty(messages: Collection<MessageDocument>, timeLimit: TimeLimit): Promise<boolean> {
  const options = { ...timeLimit, projection: { _id: 1 }, readConcern: "local" } as const;
  return (await messages.findOne({}, options)) === null;
}
