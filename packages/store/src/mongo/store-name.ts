import { randomBytes } from "node:crypto";
import { type Binary, type Collection, MongoServerError } from "mongodb";
import type { Connection } from "./connection.ts";
import { DUPLICATE_KEY } from "./mongo-error.ts";

/** A store that has a name. */
export interface Named {
  /**
   * Returns a name that no other store has, and that stays the same as long as the store exists. A log's metadata have
   * the name of the store in which the log is stored (L38). Returns "" if this user may not write the name. Rejects
   * with `unavailable` if the database doesn't answer.
   */
  name(): Promise<string>;
}

interface NameDocument {
  readonly _id: "name";
  readonly text: string;
}

/** MongoDB's error code for a user who lacks a permission. */
const UNAUTHORIZED = 13;

/**
 * Reads the store's name, and creates it first if there is none.
 *
 * A random text isn't enough: a copy of the database has the same one. A test system with a copy of the real history
 * would then take over the real log. So the name includes the database's name, and the id that the server gave to the
 * collection with the text. A restored collection has another id.
 */
export async function readStoreName(
  db: Connection,
  { maxTimeMS, signal }: { readonly maxTimeMS: number; readonly signal: AbortSignal },
): Promise<string> {
  const { messages } = db;
  const { writeConcern, readConcern } = messages;
  const database = db.client.db(messages.dbName);
  const facts: Collection<NameDocument> = database.collection("facts", {
    ...(writeConcern && { writeConcern }),
    ...(readConcern && { readConcern }),
    readPreference: "primary",
  });
  try {
    const text = (await readText(facts, maxTimeMS)) ?? (await createText(facts, maxTimeMS));
    const [info] = await database.listCollections({ name: "facts" }, { maxTimeMS, signal }).toArray();
    const id = (info as { info?: { uuid?: Binary } } | undefined)?.info?.uuid;
    return `${text}@${messages.dbName}/${id?.toString("hex") ?? ""}`;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === UNAUTHORIZED) return "";
    throw error;
  }
}

async function readText(facts: Collection<NameDocument>, maxTimeMS: number): Promise<string | undefined> {
  return (await facts.findOne({ _id: "name" }, { maxTimeMS }))?.text;
}

/** Creates the text, unless another process was faster. Returns the text that is stored. */
async function createText(facts: Collection<NameDocument>, maxTimeMS: number): Promise<string> {
  const text = randomBytes(9).toString("base64url");
  try {
    await facts.insertOne({ _id: "name", text }, { maxTimeMS });
    return text;
  } catch (error) {
    const isTaken = error instanceof MongoServerError && error.code === DUPLICATE_KEY;
    const stored = isTaken ? await readText(facts, maxTimeMS) : undefined;
    if (stored === undefined) throw error;
    return stored;
  }
}
