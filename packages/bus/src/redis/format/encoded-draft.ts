import { hash } from "node:crypto";
import { type Draft, encodeBody, refKey } from "@parley/models";
import { ENTRY_BYTES } from "./entry.ts";
import { PUBLIC_CHANNEL, userChannel } from "./keys.ts";

/** A draft as the scripts that append take it. */
export interface Outgoing {
  readonly body: string;
  /** "" where it has none. */
  readonly ref: string;
  /** Digest of `(conversation, from, ref)`; "" without a ref. */
  readonly name: string;
  /** Of the content; "" without a ref. Tells a retry from another message (L5). */
  readonly digest: string;
  /** What it counts in the backlog (L7). */
  readonly bytes: number;
  readonly channel: string;
  /** "" where all who listen are on the first. */
  readonly secondChannel: string;
}

/** 132 bits: no sender can find another one's. */
const NAME_DIGEST_LENGTH = 22;
/** 66 bits: who finds two contents with one digest has only fooled the ref that is his own. */
const CONTENT_DIGEST_LENGTH = 11;

export function outgoing(draft: Draft): Outgoing {
  const body = encodeBody(draft);
  const ref = draft.ref ?? "";
  const named = refKey(draft);
  return {
    body,
    ref,
    name: named === undefined ? "" : digestOf(named, NAME_DIGEST_LENGTH),
    digest: named === undefined ? "" : digestOf(draft.content, CONTENT_DIGEST_LENGTH),
    bytes: Buffer.byteLength(body) + Buffer.byteLength(ref) + ENTRY_BYTES,
    channel: draft.to === "" ? PUBLIC_CHANNEL : userChannel(draft.to),
    secondChannel: draft.to === "" || draft.to === draft.from ? "" : userChannel(draft.from),
  };
}

/** As the scripts take them, in this order. */
export function outgoingArgs({ body, ref, name, digest, channel, secondChannel }: Outgoing): string[] {
  return [body, ref, name, digest, channel, secondChannel];
}

function digestOf(text: string, length: number): string {
  return hash("sha256", text, "base64url").slice(0, length);
}
