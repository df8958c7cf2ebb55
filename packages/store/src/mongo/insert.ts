import { type LogMessage, refKey } from "@parley/models";
import type { Collection } from "mongodb";
import { outcomeOf, refusalOf } from "../outcome.ts";
import type { Inserted } from "../store.ts";
import { documentOf, type MessageDocument } from "./document.ts";
import { type DocumentError, DUPLICATE_KEY, documentErrorsOf } from "./mongo-error.ts";
import { type Bound, readByIds, readByRefs } from "./read.ts";

/**
 * Inserts in one unordered write, and looks into every refusal afterwards (L13).
 *
 * Whether a message is kept already is decided by what is kept under its id and its ref, not by the form of the
 * error: servers differ in what it says, and it names one constraint where both can be hurt. That holds whoever
 * came first, another message of this batch, another process or this one before a retry, since what is kept never
 * changes. The write waits for the majority also where it inserts nothing, so what it collided with can be read.
 */
export async function insertInto(
  collection: Collection<MessageDocument>,
  messages: readonly LogMessage[],
  bound: Bound,
): Promise<readonly Inserted[]> {
  const outcomes = messages.map((message): Inserted => {
    const reason = refusalOf(message);
    return reason === undefined ? { kind: "stored" } : { kind: "failed", reason };
  });
  const accepted = messages.flatMap((message, place) =>
    outcomes[place]?.kind === "stored" ? [{ message, place }] : [],
  );
  const errors = await write(
    collection,
    accepted.map(({ message }) => documentOf(message)),
  );
  const taken = errors.flatMap(({ index, code }) => {
    const refused = accepted[index];
    if (!refused) return [];
    if (code === DUPLICATE_KEY) return [refused];
    outcomes[refused.place] = { kind: "failed", reason: `the server refused it with code ${code}` };
    return [];
  });
  const judged = await judge(
    collection,
    taken.map(({ message }) => message),
    bound,
  );
  taken.forEach(({ place }, i) => {
    outcomes[place] = judged[i] ?? { kind: "failed", reason: "it collides with what cannot be read yet" };
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

/** By id first: a batch that comes again is settled by that, and only the rest is looked for by ref. */
async function judge(
  collection: Collection<MessageDocument>,
  messages: readonly LogMessage[],
  bound: Bound,
): Promise<readonly (Inserted | undefined)[]> {
  const ids = messages.map(({ id }) => id);
  const byId = await readByIds(collection, ids, bound);
  const settled = messages.map(
    (message) => outcomeOf(message, byId.get(message.id), undefined)?.kind === "stored",
  );
  const rest = messages.filter((_, i) => !settled[i]);
  const byRef = await readByRefs(collection, rest, bound);
  return messages.map((message, i) =>
    settled[i]
      ? { kind: "stored" }
      : outcomeOf(message, byId.get(message.id), byRef.get(refKey(message) ?? "")),
  );
}
