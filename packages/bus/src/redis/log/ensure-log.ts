import { randomBytes } from "node:crypto";
import { encodeRevocation, type RevocationEntry } from "@parley/models";
import type { Redis } from "ioredis";
import type { ConsumeOptions } from "../../consumer.ts";
import { failureReason } from "../connection/run-or-unavailable.ts";
import type { Context } from "../context.ts";
import { BlockedError } from "../errors.ts";
import { type FormerNames, GROUP, type KeyNames } from "../format/keys.ts";
import { textsOf } from "../format/replies.ts";
import { idUpTo, streamIdOf } from "../format/stream-id.ts";
import { ENSURE_LOG } from "../script/scripts.ts";

type LogContext = Pick<Context, "names" | "observe"> & Partial<Pick<Context, "format">>;

/**
 * Makes sure that the log exists and assigns only ids greater than all ids in the store (L1). A log of this installation
 * under former names is moved to its present names (L38). Runs on every new connection of a consumer, because after a
 * start, a FLUSHALL or a failover the log may be missing or end before the store does. Rejects with a BlockedError if
 * the store doesn't answer: without its greatest id no log may be created, and without its name none may be moved.
 */
export async function ensureLog(client: Redis, store: ConsumeOptions, context: LogContext): Promise<void> {
  const { lastStored, storeName = async () => "", revocations = async () => [] } = store;
  const [floor, name, entries] = await readStore(lastStored, storeName, revocations);
  const { names, format = "", observe } = context;
  const args = [GROUP, randomBytes(6).toString("base64url"), streamIdOf(floor), name, `${format}`];
  const answer = await runScript(client, { args, revocations: textOfRevocations(entries) }, context);
  const [outcome, detail = "", movedFrom = "", unproven = "", formerFormat = "", restored = "0"] = answer;
  if (outcome === "unusable") throw new Error(detail);
  if (movedFrom !== "") observe({ type: "log-moved", from: movedFrom, to: names.tag });
  if (unproven !== "") observe({ type: "warning", text: textOfUnproven(unproven, names.tag) });
  if (formerFormat !== "") observe({ type: "log-format", from: formerFormat, to: `${format}` });
  if (restored !== "0") observe({ type: "revocations-restored", entries: Number(restored) });
  if (outcome === "created") observe({ type: "log-created", at: idUpTo(detail) });
  if (outcome === "repaired")
    observe({ type: "warning", text: "the log's group or counts were missing and were created again" });
  if (outcome === "raised") observe({ type: "log-raised" });
}

/**
 * Runs the script. Uses the former names only if there is no log, so that a Redis user needs permission for them only
 * then. Without this permission a log that may be a neighbour's isn't looked for.
 */
async function runScript(
  client: Redis,
  { args, revocations }: { readonly args: readonly string[]; readonly revocations: string },
  { names, observe }: LogContext,
): Promise<string[]> {
  const run = async (mayCreate: boolean, former: readonly FormerNames[]) => {
    const keys = [...[names, ...former].flatMap(keysOfPlace), names.notice];
    const places = former.flatMap(({ tag, isCertain }) => [tag, isCertain ? 1 : 0]);
    return textsOf(await ENSURE_LOG.run(client, keys, [...args, mayCreate ? 1 : 0, revocations, ...places]));
  };
  const { former } = names;
  if (former.length === 0) return run(true, []);
  const present = await run(false, []);
  if (present[0] !== "missing") return present;
  try {
    return await run(true, former);
  } catch (error) {
    if (!isKeyForbidden(error)) throw error;
    const reason = `this user of Redis may not use the keys ${former.map(({ tag }) => `${tag}:*`).join(" and ")}`;
    if (former.some(({ isCertain }) => isCertain))
      throw new BlockedError(`${reason}: permit them until the log was looked for there once`);
    observe({ type: "warning", text: `${reason}, so no log was looked for there` });
    return run(true, []);
  }
}

/** Returns true if Redis refused the script because of its keys. Then the script hasn't begun. */
function isKeyForbidden(error: unknown): boolean {
  return error instanceof Error && /^NOPERM (?!.*script:).*\bkeys?\b/.test(error.message);
}

async function readStore<T extends readonly unknown[]>(
  ...facts: { readonly [Index in keyof T]: () => Promise<T[Index]> }
): Promise<{ -readonly [Index in keyof T]: T[Index] }> {
  try {
    return (await Promise.all(facts.map((fact) => fact()))) as { -readonly [Index in keyof T]: T[Index] };
  } catch (error) {
    const problem = "the store doesn't answer, and the log needs the store's last id";
    throw new BlockedError(`${problem}: ${failureReason(error)}`);
  }
}

/** Returns the keys of a place in the order of lua/include/take_over.lua. */
function keysOfPlace({
  log,
  meta,
  refs,
  backlogShares,
  refsShares,
  revocations,
  marks,
  marksShares,
  deadLetters,
}: KeyNames): string[] {
  return [log, meta, ...refs, backlogShares, refsShares, revocations, marks, marksShares, deadLetters];
}

function textOfRevocations(entries: readonly RevocationEntry[]): string {
  return entries.map((entry) => `${encodeRevocation(entry).join(" ")}\n`).join("");
}

function textOfUnproven(unproven: string, tag: string): string {
  return `created the log ${tag}:log beside ${unproven}:log, which may be this installation's and was left alone: see Names in Redis in docs/operating.md`;
}
