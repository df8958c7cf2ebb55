import type { Redis } from "ioredis";
import { NOT_SERVING, RefusedError } from "../errors.ts";
import { draftArgs, type EncodedDraft } from "../format/encoded-draft.ts";
import { GROUP, type KeyNames } from "../format/keys.ts";
import { idOfEntry, streamIdOf } from "../format/stream-id.ts";
import type { RedisBusConfig } from "../options.ts";
import { APPEND } from "../script/scripts.ts";

/** The configuration of one call. */
export type AppendConfig = Pick<
  RedisBusConfig,
  | "dedupeWindowMs"
  | "dedupeMaxRefs"
  | "backlogMaxEntries"
  | "backlogMaxBytes"
  | "durability"
  | "appendTimeoutMs"
>;

/** The result of one draft of a call. */
export type DraftResult =
  | { readonly kind: "added" | "duplicate"; readonly id: string }
  | { readonly kind: "ref-reused" | "backlog-full" }
  /** The draft has a version that the log's format doesn't have (L25). */
  | { readonly kind: "not-enabled" }
  /** There is room, but the sender has used up its share. `of` names the limited space. */
  | { readonly kind: "over-share"; readonly of: "backlog" | "refs" }
  | { readonly kind: "refused"; readonly reason: string };

/** The result of a call that Redis answered. */
export type CallResult =
  | {
      readonly kind: "done";
      /** One result per draft, in order. */
      readonly results: readonly DraftResult[];
      /** The reason if Redis refused to publish, otherwise "". The messages are durable, but weren't delivered live. */
      readonly publishError: string;
      /** The number of refs that the log remembers (L5). */
      readonly refs: number;
    }
  | { readonly kind: "no-log" };

/** Prepares a new connection for `callAppend`. */
export async function prepareAppend(client: Redis): Promise<void> {
  await APPEND.load(client);
}

/**
 * Appends drafts with one call to the log (L6). New ids are greater than the message id `highestId`. Rejects if the
 * outcome is unknown, or with `RefusedError` if Redis refused the whole call.
 */
export async function callAppend(
  client: Redis,
  drafts: readonly EncodedDraft[],
  highestId: string,
  config: AppendConfig,
  names: KeyNames,
): Promise<CallResult> {
  const isReplicated = config.durability === "replicated";
  const args: (string | number)[] = [
    ...[GROUP, streamIdOf(highestId), config.dedupeWindowMs, config.backlogMaxEntries],
    ...[config.backlogMaxBytes, config.dedupeMaxRefs, isReplicated ? 1 : 0, drafts.length],
  ];
  for (const draft of drafts) args.push(...draftArgs(draft));
  const keys = [names.log, names.meta, ...names.refs, names.backlogShares, names.refsShares];
  const reply = (await APPEND.runLoaded(client, keys, args)) as string[];
  const [status, publishError, refs, ...texts] = reply;
  if (status === "no-log") return { kind: "no-log" };
  if (texts.length !== drafts.length)
    throw new RefusedError("the script answered for another number of drafts");
  const results = texts.map(resultFrom);
  // A replica runs the script but refuses each write. Its answers for duplicates don't prove durability either.
  for (const result of results)
    if (result.kind === "refused" && NOT_SERVING.test(result.reason)) throw new RefusedError(result.reason);
  if (isReplicated && results.some((result) => "id" in result))
    await waitForReplica(client, config.appendTimeoutMs);
  return { kind: "done", results, publishError: publishError ?? "", refs: Number(refs) };
}

/**
 * Waits until a replica has the last call's writes (L9). This covers duplicates too, because the script writes their
 * refs again.
 */
export async function waitForReplica(client: Redis, timeoutMs: number): Promise<void> {
  const replicas = await client.wait(1, Math.floor(timeoutMs / 2));
  if (replicas < 1) throw new RefusedError("no replica has confirmed the write");
}

function resultFrom(text: string): DraftResult {
  const rest = text.slice(1);
  switch (text[0]) {
    case "+":
    case "=": {
      const id = idOfEntry(rest);
      if (id === undefined) return { kind: "refused", reason: "the log assigned an invalid id" };
      return { kind: text[0] === "+" ? "added" : "duplicate", id };
    }
    case "!":
      return { kind: "ref-reused" };
    case "^":
      return { kind: "not-enabled" };
    case "#":
      return { kind: "backlog-full" };
    case "%":
      return { kind: "over-share", of: rest === "refs" ? "refs" : "backlog" };
    default:
      return { kind: "refused", reason: rest };
  }
}
