import { conversationOf, laterOf } from "@parley/models";
import type { Collection } from "mongodb";
import type { StoreOperation } from "../../events.ts";
import {
  type MarkName,
  type MarkOutcome,
  type MarkStore,
  markKey,
  type StoredMark,
} from "../../mark-store.ts";
import type { Abandonable } from "../../store.ts";
import type { Collections } from "../connection.ts";
import { isBackfillDone } from "../conversations/conversations.ts";
import type { TimeLimit } from "../deadline.ts";
import type { ConversationDocument, MarkDocument } from "../document.ts";
import { upsertAll } from "../upsert.ts";

/** Runs an operation within the store's time limit. */
export type Bounded = <T>(
  operation: StoreOperation,
  run: (timeLimit: TimeLimit) => Promise<T>,
  abandoned?: AbortSignal,
) => Promise<T>;

/** Marks or conversations in one query. */
const CHUNK_SIZE = 500;
/** The fields of a conversation that tell what its users have sent. */
const SENT = { sentByFirst: 1, sentBySecond: 1 } as const;

/** Read marks in MongoDB. They are found by `_id`. */
export class MongoMarks implements MarkStore {
  readonly #db: Collections;
  readonly #bounded: Bounded;

  constructor(db: Collections, bounded: Bounded) {
    this.#db = db;
    this.#bounded = bounded;
  }

  async keep(marks: readonly StoredMark[]): Promise<readonly MarkOutcome[]> {
    const missing = await this.#missingConversations(marks);
    const outcomes = marks.map(
      (mark): MarkOutcome => (missing.has(conversationOf(mark.user, mark.with)) ? "noConversation" : "kept"),
    );
    const operations = marks
      .filter((_, at) => outcomes[at] === "kept")
      .map((mark) => ({
        updateOne: { filter: { _id: markKey(mark) }, update: { $max: { id: mark.id } }, upsert: true },
      }));
    if (operations.length > 0)
      await this.#bounded("keepMarks", (timeLimit) => upsertAll(this.#db.marks, operations, timeLimit));
    return outcomes;
  }

  async find(
    names: readonly MarkName[],
    { signal }: Abandonable = {},
  ): Promise<readonly (string | undefined)[]> {
    if (names.length === 0) return [];
    const keys = names.map(markKey);
    const read = (timeLimit: TimeLimit) =>
      Promise.all([
        readByKeys(this.#db.marks, keys, timeLimit),
        readByKeys(this.#db.conversations, conversationsOf(names), { ...timeLimit, projection: SENT }),
      ]);
    const [marks, conversations] = await this.#bounded("findMarks", read, signal);
    const idByKey = new Map(conversations.flatMap(sentIn));
    for (const { _id: key, id } of marks) idByKey.set(key, laterOf(idByKey.get(key) ?? "", id));
    return keys.map((key) => idByKey.get(key));
  }

  /**
   * Returns the private conversations of these marks that don't exist. Until an earlier version's conversations have their
   * documents, all of them count as existing.
   */
  async #missingConversations(marks: readonly StoredMark[]): Promise<ReadonlySet<string>> {
    const names = conversationsOf(marks);
    if (names.length === 0) return new Set();
    return this.#bounded("keepMarks", async (timeLimit) => {
      if (!(await isBackfillDone(this.#db.conversations))) return new Set();
      const found = await readByKeys(this.#db.conversations, names, timeLimit);
      const existing = new Set(found.map(({ _id }) => _id));
      return new Set(names.filter((name) => !existing.has(name)));
    });
  }
}

/** Reads the greatest id of a mark, also of one that isn't on a majority yet (L1). */
export async function readLastMark(
  marks: Collection<MarkDocument>,
  timeLimit: TimeLimit,
): Promise<string | undefined> {
  const options = { ...timeLimit, sort: { id: -1 }, readConcern: "local" } as const;
  return (await marks.findOne({}, options))?.id;
}

/** Returns the names of the private conversations of these marks, each once. */
function conversationsOf(marks: readonly MarkName[]): string[] {
  const inPrivate = marks.filter((mark) => mark.with !== "");
  return [...new Set(inPrivate.map(({ user, with: other }) => conversationOf(user, other)))];
}

/** Returns the greatest id that each user of a conversation has sent, by the key of that user's mark. */
function sentIn({ _id: name, sentByFirst, sentBySecond }: ConversationDocument): [string, string][] {
  const [first = "", second = ""] = name.split(":");
  return [
    ...(sentByFirst === undefined ? [] : [[name, sentByFirst] as [string, string]]),
    ...(sentBySecond === undefined
      ? []
      : [[markKey({ user: second, with: first }), sentBySecond] as [string, string]]),
  ];
}

async function readByKeys<Document extends { readonly _id: string }>(
  collection: Collection<Document>,
  keys: readonly string[],
  options: TimeLimit & { readonly projection?: typeof SENT },
): Promise<Document[]> {
  const found: Document[] = [];
  for (let from = 0; from < keys.length; from += CHUNK_SIZE) {
    const filter = { _id: { $in: keys.slice(from, from + CHUNK_SIZE) } } as never;
    found.push(...((await collection.find(filter, options).toArray()) as Document[]));
  }
  return found;
}
