import type { RevocationEntry } from "@parley/models";
import { type Collection, MongoBulkWriteError } from "mongodb";
import type { RunStep, TimeLimit } from "../deadline.ts";
import type { RevocationDocument } from "../document.ts";
import { DUPLICATE_KEY } from "../mongo-error.ts";

type Revocations = Collection<RevocationDocument>;

/** Entries per step. */
const STEP_SIZE = 500;

/** Keeps revocations. An entry that is kept with the same number or a greater one stays as it is (L26). */
export async function keepRevocations(
  revocations: Revocations,
  entries: readonly RevocationEntry[],
  runStep: RunStep,
): Promise<void> {
  for (let from = 0; from < entries.length; from += STEP_SIZE) {
    const part = entries.slice(from, from + STEP_SIZE);
    await runStep((timeLimit) => write(revocations, part, timeLimit));
  }
}

export async function readRevocations(
  revocations: Revocations,
  timeLimit: TimeLimit,
): Promise<readonly RevocationEntry[]> {
  const found = await revocations.find({}, timeLimit).toArray();
  return found.map(({ kind, user, change, value }) => ({ kind, user, change, value }));
}

/**
 * If an entry is kept already with a greater number, nothing matches, and the upsert meets the document: DUPLICATE_KEY.
 * Another process may also have created the document meanwhile with a lower number, so all entries are written once more,
 * now that they exist.
 */
async function write(
  revocations: Revocations,
  entries: readonly RevocationEntry[],
  { maxTimeMS }: TimeLimit,
): Promise<void> {
  const operationsWith = (upsert: boolean) =>
    entries.map(({ kind, user, change, value }) => ({
      updateOne: {
        filter: { _id: `${kind} ${user}`, change: { $lt: change } },
        update: { $set: { kind, user, change, value } },
        upsert,
      },
    }));
  const options = { ordered: false, maxTimeMS };
  try {
    await revocations.bulkWrite(operationsWith(true), options);
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError() !== undefined)
      throw error;
    const errors = [error.writeErrors].flat();
    if (errors.length === 0 || errors.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
    await revocations.bulkWrite(operationsWith(false), options);
  }
}
