import type { LogChange, StoredMessage } from "@parley/models";
import type { AnyBulkWriteOperation, Filter } from "mongodb";
import type { ChangeOutcome } from "../../change.ts";
import { changeOutcome, changeRejection } from "../../change-outcome.ts";
import { readAliases } from "../aliases.ts";
import type { Collections } from "../connection.ts";
import type { RunStep, TimeLimit } from "../deadline.ts";
import { addedFields, type MessageDocument } from "../document.ts";
import { updateErrorsOf } from "../mongo-error.ts";
import { readByIds } from "../read.ts";
import { keepChanges } from "./keep.ts";

/**
 * If a message was found unchanged, the next attempt matches it. If another process has changed it meanwhile, that change
 * counts or the attempt after it matches. So further attempts mean a fault.
 */
const MAX_ATTEMPTS = 8;
/** Updates per bulk write. Bulk writes run concurrently, because a server may sync each update to disk separately. */
const BULK_SIZE = 100;

type Outcomes = Map<LogChange, ChangeOutcome>;

/** A change without an outcome yet. */
interface OpenChange {
  readonly change: LogChange;
  /** The id of its message: the one that the change names, or the one for which that alias stands (L37). */
  readonly id: string;
  /** The message as it was read, if its document is of an earlier version and has no digest. */
  readonly undigested?: StoredMessage | undefined;
}

/**
 * Applies changes in three steps, each for all changes together: keeps them, updates the messages, and reads the messages
 * if not every update matched (L28).
 *
 * - An update is conditional, so that updates have the same effect in any order and any number of times (P76).
 * - The messages are read after the update. So a message that is inserted between the two is found, and updated by the
 *   next attempt. The update has waited for a majority, so the read also sees everything that was stored before it, even
 *   on a server that has just become the primary.
 * - If a process ends between the steps, the changes are delivered again, and all steps are repeated.
 */
export async function applyChanges(
  db: Collections,
  changes: readonly LogChange[],
  watermark: string,
  runStep: RunStep,
): Promise<readonly ChangeOutcome[]> {
  const outcomes: Outcomes = new Map();
  for (const change of changes) {
    const reason = changeRejection(change);
    if (reason !== undefined) outcomes.set(change, failed(reason));
  }
  const isOpen = (change: LogChange) => !outcomes.has(change);
  for (const refused of await keepChanges(db.changes, changes.filter(isOpen), runStep))
    outcomes.set(...refused);
  let open: readonly OpenChange[] = changes.filter(isOpen).map((change) => ({ change, id: change.id }));
  for (let attempt = 1; open.length > 0 && attempt <= MAX_ATTEMPTS; attempt += 1)
    open = await attemptUpdates(db, open, { outcomes, watermark, runStep });
  for (const { change } of open) outcomes.set(change, failed("its message changed at each attempt"));
  return changes.map((change) => outcomes.get(change) ?? { kind: "stored" });
}

interface Attempt {
  /** Gets the outcomes that this attempt finds, except `stored` after an update. */
  readonly outcomes: Outcomes;
  readonly watermark: string;
  readonly runStep: RunStep;
}

/** Updates the messages, and reads them if an update matched nothing. Returns the changes that must be applied again. */
async function attemptUpdates(
  db: Collections,
  open: readonly OpenChange[],
  attempt: Attempt,
): Promise<readonly OpenChange[]> {
  const bulks = Array.from({ length: Math.ceil(open.length / BULK_SIZE) }, (_, n) =>
    open.slice(n * BULK_SIZE, (n + 1) * BULK_SIZE),
  );
  const unknown = (await Promise.all(bulks.map((bulk) => updateMessages(db, bulk, attempt)))).flat();
  return unknown.length === 0 ? [] : readOutcomes(db, unknown, attempt);
}

/** Returns the changes of which it isn't known if they have been applied: none if all updates matched a message. */
async function updateMessages(
  { messages }: Pick<Collections, "messages">,
  bulk: readonly OpenChange[],
  { outcomes, runStep }: Attempt,
): Promise<readonly OpenChange[]> {
  const operations = bulk.map(updateOf);
  const write = async ({ maxTimeMS }: TimeLimit) => {
    try {
      return (await messages.bulkWrite(operations, { ordered: false, maxTimeMS })).matchedCount;
    } catch (error) {
      return updateErrorsOf(error);
    }
  };
  const result = await runStep(write);
  if (result === bulk.length) return [];
  for (const { index, code } of typeof result === "number" ? [] : result) {
    const refused = bulk[index];
    if (refused) outcomes.set(refused.change, failed(`the server refused it with code ${code}`));
  }
  return bulk.filter(({ change }) => !outcomes.has(change));
}

function failed(reason: string): ChangeOutcome {
  return { kind: "failed", reason };
}

/** Reads the messages of changes, and records the outcomes. Returns the changes that must be applied again. */
async function readOutcomes(
  { messages, aliases }: Pick<Collections, "messages" | "aliases">,
  open: readonly OpenChange[],
  { outcomes, watermark, runStep }: Attempt,
): Promise<readonly OpenChange[]> {
  const ids = [...new Set(open.map(({ id }) => id))];
  const byId = await runStep((timeLimit) => readByIds(messages, ids, timeLimit));
  const missing = ids.filter((id) => !byId.has(id));
  const firsts = await runStep((timeLimit) => readAliases(aliases, missing, timeLimit));
  return open.flatMap(({ change, id }) => {
    const message = byId.get(id);
    const first = firsts.get(id);
    if (first !== undefined) return [{ change, id: first }];
    const outcome = changeOutcome(change, message, watermark);
    if (outcome) outcomes.set(change, outcome);
    const undigested = message?.digest === undefined ? message : undefined;
    return outcome ? [] : [{ change, id, undigested }];
  });
}

/** A document without a digest has its first content. It gets its digest with its first change (L29). */
function updateOf({ change, id, undigested }: OpenChange): AnyBulkWriteOperation<MessageDocument> {
  const { from, to, digest } = change;
  const first = undigested ? { digest: { $exists: false }, content: undigested.content } : { digest };
  const filter: Filter<MessageDocument> = { _id: id, from, to, ...first, ...isEffective(change) };
  const set = { ...(undigested && addedFields(undigested)), change: change.change };
  if (change.kind === "delete")
    return {
      updateOne: { filter, update: { $set: { ...set, content: "", deleted: true }, $unset: { meta: "" } } },
    };
  const { content, meta } = change;
  const update =
    meta === undefined
      ? { $set: { ...set, content }, $unset: { meta: "" as const } }
      : { $set: { ...set, content, meta } };
  return { updateOne: { filter, update } };
}

/** The condition of `hasEffectOn`. */
function isEffective({ kind, change }: LogChange): Filter<MessageDocument> {
  if (kind === "delete") return { $or: [{ deleted: { $ne: true } }, { change: { $gt: change } }] };
  return { deleted: { $ne: true }, $or: [{ change: { $exists: false } }, { change: { $lt: change } }] };
}
