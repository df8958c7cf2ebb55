import type { LogChange } from "@parley/models";
import type { Collection } from "mongodb";
import type { ChangeOutcome } from "../../change.ts";
import { ID_TAKEN, isSameChange, storedChangeOf } from "../../change-outcome.ts";
import type { RunStep } from "../deadline.ts";
import { insertUnordered } from "../insert.ts";
import { DUPLICATE_KEY } from "../mongo-error.ts";
import { type ChangeDocument, changeOf, documentOf } from "./document.ts";

/**
 * Keeps changes, before they are applied to their messages. Returns the outcomes of those that can't be kept. A change that
 * is kept already is compared: under its id may be another one, of a log that was lost.
 */
export async function keepChanges(
  collection: Collection<ChangeDocument>,
  changes: readonly LogChange[],
  runStep: RunStep,
): Promise<ReadonlyMap<LogChange, ChangeOutcome>> {
  const documents = changes.map((change) => documentOf(storedChangeOf(change)));
  const errors = await runStep((timeLimit) => insertUnordered(collection, documents, timeLimit));
  const outcomes = new Map<LogChange, ChangeOutcome>();
  const kept: LogChange[] = [];
  for (const { index, code } of errors) {
    const change = changes[index];
    if (change && code === DUPLICATE_KEY) kept.push(change);
    else if (change)
      outcomes.set(change, { kind: "failed", reason: `the server refused it with code ${code}` });
  }
  if (kept.length === 0) return outcomes;
  const ids = kept.map(({ change }) => change);
  const found = await runStep((timeLimit) => collection.find({ _id: { $in: ids } }, timeLimit).toArray());
  const byId = new Map(found.map((document) => [document._id, changeOf(document)]));
  for (const change of kept) {
    const other = byId.get(change.change);
    if (!other) outcomes.set(change, { kind: "failed", reason: "the change under its id can't be read yet" });
    else if (!isSameChange(other, storedChangeOf(change))) outcomes.set(change, ID_TAKEN);
  }
  return outcomes;
}
