import { type LogMessage, refKey, type StoredMessage } from "@parley/models";
import type { Collection, OptionalUnlessRequiredId } from "mongodb";
import { outcomeOf, rejectionReason } from "../outcome.ts";
import type { InsertOptions, InsertOutcome } from "../store.ts";
import type { RunStep, TimeLimit } from "./deadline.ts";
import { documentOf, type MessageDocument } from "./document.ts";
import { type DocumentError, DUPLICATE_KEY, documentErrorsOf } from "./mongo-error.ts";
import { readByIds, readByRefs } from "./read.ts";
import type { RefField } from "./unique-refs.ts";

export interface InsertDeps {
  readonly messages: Collection<MessageDocument>;
  readonly refField: RefField;
  readonly runStep: RunStep;
}

/**
 * Inserts messages in one unordered write, then determines the outcome of each refused one (L13).
 *
 * The outcome of a refused message depends on the messages that are stored under its id and its ref. The text of the
 * error isn't used: texts differ by server, and an error names only one constraint even if the message violates both.
 * This batch, another process or an earlier attempt may have stored those messages. The difference doesn't matter,
 * because their ids, refs and digests never change. The write waits for the majority even if it inserts nothing, so a majority
 * read finds those messages.
 *
 * Each operation has its own time limit. With one limit for all of them, an insert whose operations are slow but succeed
 * would never end, because each attempt would repeat the same operations.
 *
 * With `mayBeStored` the stored messages are looked up first and not written again, except for one: if nothing were
 * written, nothing would wait until the messages that were found are on the disks of the majority (L13).
 */
export async function insertInto(
  deps: InsertDeps,
  messages: readonly LogMessage[],
  { mayBeStored = false }: InsertOptions = {},
): Promise<readonly InsertOutcome[]> {
  const { messages: collection, runStep } = deps;
  const outcomes = messages.map((message): InsertOutcome => {
    const reason = rejectionReason(message);
    return reason === undefined ? { kind: "stored" } : { kind: "failed", reason };
  });
  const accepted = messages.flatMap((message, index) =>
    outcomes[index]?.kind === "stored" ? [{ message, index }] : [],
  );
  const missing = mayBeStored ? await notStored(collection, accepted, runStep) : accepted;
  const written = missing.length > 0 ? missing : accepted.slice(0, 1);
  const documents = written.map(({ message }) => documentOf(message));
  const errors = await runStep((timeLimit) => insertUnordered(collection, documents, timeLimit));
  const duplicates = errors.flatMap(({ index, code }) => {
    const refused = written[index];
    if (!refused) return [];
    if (code === DUPLICATE_KEY) return [refused];
    outcomes[refused.index] = { kind: "failed", reason: `the server refused it with code ${code}` };
    return [];
  });
  const settled = await outcomesOfDuplicates(
    deps,
    duplicates.map(({ message }) => message),
  );
  duplicates.forEach(({ index }, i) => {
    outcomes[index] = settled[i] ?? {
      kind: "failed",
      reason: "it conflicts with a message that can't be read yet",
    };
  });
  return outcomes;
}

/** Leaves out the messages that are stored with the same id and content. */
async function notStored<Item extends { readonly message: LogMessage }>(
  collection: Collection<MessageDocument>,
  items: readonly Item[],
  runStep: RunStep,
): Promise<readonly Item[]> {
  const ids = items.map(({ message }) => message.id);
  const byId = await runStep((timeLimit) => readByIds(collection, ids, timeLimit));
  return items.filter(({ message }) => !isStored(message, byId));
}

/** Inserts documents in one unordered write. Returns the errors of single documents. */
export async function insertUnordered<Document extends { readonly _id: string }>(
  collection: Collection<Document>,
  documents: readonly OptionalUnlessRequiredId<Document>[],
  { maxTimeMS }: Pick<TimeLimit, "maxTimeMS">,
): Promise<readonly DocumentError[]> {
  if (documents.length === 0) return [];
  try {
    await collection.insertMany(documents, { ordered: false, maxTimeMS });
    return [];
  } catch (error) {
    return documentErrorsOf(error, documents.length);
  }
}

/**
 * Looks up the ids first, because this already determines the outcomes of a repeated batch. Looks up only the
 * remaining messages by ref.
 */
async function outcomesOfDuplicates(
  { messages: collection, refField, runStep }: InsertDeps,
  messages: readonly LogMessage[],
): Promise<readonly (InsertOutcome | undefined)[]> {
  if (messages.length === 0) return [];
  const ids = messages.map(({ id }) => id);
  const byId = await runStep((timeLimit) => readByIds(collection, ids, timeLimit));
  const settled = messages.map((message) => isStored(message, byId));
  const rest = messages.filter((_, i) => !settled[i]);
  const byRef = await runStep((timeLimit) => readByRefs(collection, refField, rest, timeLimit));
  const outcomes = messages.map((message, i): InsertOutcome | undefined =>
    settled[i]
      ? { kind: "stored" }
      : outcomeOf(message, byId.get(message.id), byRef.get(refKey(message) ?? "")),
  );
  // The store may have returned to format 1.
  if (outcomes.includes(undefined)) refField.forget();
  return outcomes;
}

/** True if the same message, with the same id, is among the stored ones. */
function isStored(message: LogMessage, byId: ReadonlyMap<string, StoredMessage>): boolean {
  return outcomeOf(message, byId.get(message.id), undefined)?.kind === "stored";
}
