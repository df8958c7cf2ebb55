import { type LogMessage, refKey } from "@parley/models";
import type { Collection } from "mongodb";
import { outcomeOf, rejectionReason } from "../outcome.ts";
import type { InsertOutcome } from "../store.ts";
import { documentOf, type MessageDocument } from "./document.ts";
import { type DocumentError, DUPLICATE_KEY, documentErrorsOf } from "./mongo-error.ts";
import { readByIds, readByRefs, type TimeLimit } from "./read.ts";

/**
 * Inserts messages in one unordered write, then determines the outcome of each refused one (L13).
 *
 * The outcome of a refused message depends on the messages that are stored under its id and its ref. The text of the
 * error isn't used: texts differ by server, and an error names only one constraint even if the message violates both.
 * This batch, another process or an earlier attempt may have stored those messages. The difference doesn't matter,
 * because stored messages never change. The write waits for the majority even if it inserts nothing, so a majority
 * read finds those messages.
 */
export async function insertInto(
  collection: Collection<MessageDocument>,
  messages: readonly LogMessage[],
  timeLimit: TimeLimit,
): Promise<readonly InsertOutcome[]> {
  const outcomes = messages.map((message): InsertOutcome => {
    const reason = rejectionReason(message);
    return reason === undefined ? { kind: "stored" } : { kind: "failed", reason };
  });
  const accepted = messages.flatMap((message, index) =>
    outcomes[index]?.kind === "stored" ? [{ message, index }] : [],
  );
  const errors = await write(
    collection,
    accepted.map(({ message }) => documentOf(message)),
  );
  const duplicates = errors.flatMap(({ index, code }) => {
    const refused = accepted[index];
    if (!refused) return [];
    if (code === DUPLICATE_KEY) return [refused];
    outcomes[refused.index] = { kind: "failed", reason: `the server refused it with code ${code}` };
    return [];
  });
  const settled = await outcomesOfDuplicates(
    collection,
    duplicates.map(({ message }) => message),
    timeLimit,
  );
  duplicates.forEach(({ index }, i) => {
    outcomes[index] = settled[i] ?? {
      kind: "failed",
      reason: "it conflicts with a message that can't be read yet",
    };
  });
  return outcomes;
}

async function write(
  collection: Collection<MessageDocument>,
  documents: readonly MessageDocument[],
): Promise<readonly DocumentError[]> {
  if (documents.length === 0) return [];
  try {
    await collection.insertMany(documents, { ordered: false });
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
  collection: Collection<MessageDocument>,
  messages: readonly LogMessage[],
  timeLimit: TimeLimit,
): Promise<readonly (InsertOutcome | undefined)[]> {
  const ids = messages.map(({ id }) => id);
  const byId = await readByIds(collection, ids, timeLimit);
  const settled = messages.map(
    (message) => outcomeOf(message, byId.get(message.id), undefined)?.kind === "stored",
  );
  const rest = messages.filter((_, i) => !settled[i]);
  const byRef = await readByRefs(collection, rest, timeLimit);
  return messages.map((message, i) =>
    settled[i]
      ? { kind: "stored" }
      : outcomeOf(message, byId.get(message.id), byRef.get(refKey(message) ?? "")),
  );
}
