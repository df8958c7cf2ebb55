import { hash } from "node:crypto";
import { type Draft, encodeBody, refKey } from "@parley/models";
import { dedupeKey, PUBLIC_CHANNEL, userChannel } from "./keys.ts";

/** A draft as the scripts that append take it. */
export interface Outgoing {
  readonly body: string;
  /** "" where it has none. */
  readonly ref: string;
  /** Only with a ref. */
  readonly key: string | undefined;
  /** Of the content; "" without a ref. Tells a retry from another message (L5). */
  readonly digest: string;
  /** What it counts in the backlog (L7). */
  readonly bytes: number;
  readonly channel: string;
  /** "" where all who listen are on the first. */
  readonly secondChannel: string;
}

/** What an entry takes in Redis beside its body and ref, measured: 26 to 98 bytes. */
const ENTRY_BYTES = 64;
/** 132 bits: no sender can find another one's key. */
const KEY_DIGEST_LENGTH = 22;
/** 66 bits: who finds two contents with one digest has only fooled the ref that is his own. */
const CONTENT_DIGEST_LENGTH = 11;

export function outgoing(draft: Draft): Outgoing {
  const body = encodeBody(draft);
  const ref = draft.ref ?? "";
  const named = refKey(draft);
  return {
    body,
    ref,
    key: named === undefined ? undefined : dedupeKey(digestOf(named, KEY_DIGEST_LENGTH)),
    digest: named === undefined ? "" : digestOf(draft.content, CONTENT_DIGEST_LENGTH),
    bytes: Buffer.byteLength(body) + Buffer.byteLength(ref) + ENTRY_BYTES,
    channel: draft.to === "" ? PUBLIC_CHANNEL : userChannel(draft.to),
    secondChannel: draft.to === "" || draft.to === draft.from ? "" : userChannel(draft.from),
  };
}

/** As the scripts take them, in this order. */
export function outgoingArgs(draft: Outgoing): (string | number)[] {
  return [draft.body, draft.ref, draft.digest, draft.bytes, draft.channel, draft.secondChannel];
}

function digestOf(text: string, length: number): string {
  return hash("sha256", text, "base64url").slice(0, length);
}
