import { hash } from "node:crypto";
import { contentDigest, type Draft, encodeBody, refKey } from "@parley/models";
import { ENTRY_BYTES } from "./entry.ts";
import type { Names } from "./keys.ts";

/** A draft in the form that the scripts expect. */
export interface EncodedDraft {
  readonly body: string;
  /** "" if the draft has no ref. */
  readonly ref: string;
  /** Digest of `(conversation, from, ref)`. "" without a ref. */
  readonly refDigest: string;
  /** Digest of the content. Distinguishes a retry from a message that reuses the ref (L5). "" without a ref. */
  readonly contentDigest: string;
  /** The size by which the entry increases the backlog (L7). */
  readonly bytes: number;
  readonly channel: string;
  /** The sender's channel for a private message to someone else, otherwise "". */
  readonly secondChannel: string;
  /** The entry's format version: see entry.ts. A log with format 1 takes none with version 2 (L25). */
  readonly version: 1 | 2;
  /** The kind of change, or "" for a message. */
  readonly kind: "" | "edit" | "delete";
}

/** 22 base64 characters are 132 bits: no sender can find a ref with the same digest as another sender's ref. */
const REF_DIGEST_LENGTH = 22;

/** Encodes a draft for the scripts that append. */
export function encodeDraft(draft: Draft, { publicChannel, userChannel }: Names): EncodedDraft {
  const body = encodeBody(draft);
  const ref = draft.ref ?? "";
  const key = refKey(draft);
  return {
    body,
    ref,
    refDigest: key === undefined ? "" : hash("sha256", key, "base64url").slice(0, REF_DIGEST_LENGTH),
    contentDigest: key === undefined ? "" : contentDigest(draft.content),
    bytes: Buffer.byteLength(body) + Buffer.byteLength(ref) + ENTRY_BYTES,
    channel: draft.to === "" ? publicChannel : userChannel(draft.to),
    secondChannel: draft.to === "" || draft.to === draft.from ? "" : userChannel(draft.from),
    version: 1,
    kind: "",
  };
}

/** Returns the eight arguments of a draft, in the order of lua/append.lua. */
export function draftArgs(draft: EncodedDraft): (string | number)[] {
  const { body, ref, refDigest, contentDigest, channel, secondChannel, version, kind } = draft;
  return [body, ref, refDigest, contentDigest, channel, secondChannel, version, kind];
}
