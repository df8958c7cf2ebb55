import type { Redis } from "ioredis";
import type { Config } from "../context.ts";
import { ELSEWHERE, Refused } from "../errors.ts";
import { type Outgoing, outgoingArgs } from "../format/encoded-draft.ts";
import { GROUP, LOG, META, REFS } from "../format/keys.ts";
import { idOfEntry, streamIdOf } from "../format/stream-id.ts";
import { APPEND } from "../script/scripts.ts";

export type AppendSettings = Pick<
  Config,
  | "dedupeWindowMs"
  | "dedupeMaxRefs"
  | "backlogMaxEntries"
  | "backlogMaxBytes"
  | "durability"
  | "appendTimeoutMs"
>;

/** What became of one draft of a call. */
export type Placed =
  | { readonly kind: "added" | "known"; readonly id: string }
  | { readonly kind: "reused" | "full" }
  | { readonly kind: "refused"; readonly reason: string };

export type CallOutcome =
  | {
      readonly kind: "done";
      readonly placed: readonly Placed[];
      /** Why Redis would not publish, where it would not: what was added is durable and nobody heard of it. */
      readonly unheard: string;
      /** Refs that the log remembers now (L5). */
      readonly remembered: number;
    }
  | { readonly kind: "no-log" };

/** To be done once on a connection that appends. */
export async function prepareAppend(client: Redis): Promise<void> {
  await APPEND.load(client);
}

/**
 * One call to the log (L6): one result a draft, in order. Rejects when the outcome is unknown, or when Redis refused
 * the call as a whole.
 */
export async function callAppend(
  client: Redis,
  drafts: readonly Outgoing[],
  seen: string,
  settings: AppendSettings,
): Promise<CallOutcome> {
  const replicated = settings.durability === "replicated";
  const args: (string | number)[] = [
    ...[GROUP, streamIdOf(seen), settings.dedupeWindowMs, settings.backlogMaxEntries],
    ...[settings.backlogMaxBytes, settings.dedupeMaxRefs, replicated ? 1 : 0, Date.now(), drafts.length],
  ];
  for (const draft of drafts) args.push(...outgoingArgs(draft));
  const reply = (await APPEND.runLoaded(client, [LOG, META, ...REFS], args)) as string[];
  const [status, unheard, remembered, ...texts] = reply;
  if (status === "no-log") return { kind: "no-log" };
  if (texts.length !== drafts.length) throw new Refused("the script answered for another number of drafts");
  const placed = texts.map(placedFrom);
  // A replica runs the script and refuses what it writes, draft by draft; what it knows already is no promise either.
  for (const one of placed)
    if (one.kind === "refused" && ELSEWHERE.test(one.reason)) throw new Refused(one.reason);
  if (replicated && placed.some((one) => "id" in one)) await onReplica(client, settings.appendTimeoutMs);
  return { kind: "done", placed, unheard: unheard ?? "", remembered: Number(remembered) };
}

/** L9. What the last call wrote is on a replica too; a duplicate renewed its key, so that this covers it as well. */
async function onReplica(client: Redis, timeoutMs: number): Promise<void> {
  const replicas = await client.wait(1, Math.floor(timeoutMs / 2));
  if (replicas < 1) throw new Refused("no replica has confirmed");
}

function placedFrom(text: string): Placed {
  const rest = text.slice(1);
  switch (text[0]) {
    case "+":
    case "=": {
      const id = idOfEntry(rest);
      if (id === undefined) return { kind: "refused", reason: "the log gave out an id that is none" };
      return { kind: text[0] === "+" ? "added" : "known", id };
    }
    case "!":
      return { kind: "reused" };
    case "#":
      return { kind: "full" };
    default:
      return { kind: "refused", reason: rest };
  }
}
